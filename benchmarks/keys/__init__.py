"""How fast keys sign, by type, in a file and on a token."""
