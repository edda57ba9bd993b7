"""Commands of the publisher: crl, schedule, publisher, and what `doctor` asks of CRLs, outlets and probe."""
