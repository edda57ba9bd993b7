"""What can be wrong with a key."""

from pki_revocation.errors import PkiError


class UnusableKey(PkiError):
    """A key or its certificate cannot be used for what it is configured for."""
