"""Private keys in files: encrypted, one account's alone, locked while they are in use."""
