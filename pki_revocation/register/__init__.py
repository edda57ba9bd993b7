"""The register: issuers, certificates, numbers and live codes, tokens for arrivals, maintenance."""
