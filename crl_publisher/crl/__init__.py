"""A CRL as octets: built, laid out, read again and compared (RFC 5280, section 5)."""
