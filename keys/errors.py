"""What can be wrong with a key: for good, or until it is put right.

A `KeyUnavailable` goes away by itself when a token, a PIN or a passphrase comes back: its caller keeps what is
signed already, and tries again later. Every other `UnusableKey` needs a change of configuration, key or certificate.
"""

from pki_revocation.errors import PkiError


class UnusableKey(PkiError):
    """A key or its certificate cannot be used for what it is configured for."""


class KeyUnavailable(UnusableKey):
    """A key that cannot be used now, and may be later."""


class SecretMissing(KeyUnavailable):
    """The passphrase or PIN is not where it should be."""


class TokenAbsent(KeyUnavailable):
    """The token, or its key, is not there, or does not answer."""


class TokenBusy(KeyUnavailable):
    """All sessions stayed in use for as long as a caller may wait."""


class PinRefused(KeyUnavailable):
    """The token refused the PIN, or a try might lock it: it is not tried again as it stands."""
