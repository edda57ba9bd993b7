"""Private keys on a token that never leave it (PKCS#11)."""
