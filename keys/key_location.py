"""Where a private key is, as a setting or an operator names it: a file's path, or the `pkcs11:` URI of a token's."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from keys.config import is_token_uri
from keys.files.file_key import KeyFile
from keys.files.secret_source import SecretSource
from keys.pkcs11.uri import Pkcs11Uri
from pki_revocation.host.extras import require_extra

if TYPE_CHECKING:
    from keys.pkcs11.token import Token


class TokenKey:
    """A key on a token; the library that talks to it is loaded when the key is."""

    def __init__(
        self, uri: Pkcs11Uri, pin: SecretSource | None = None, *, sessions: int = 8, wait: float = 5.0
    ) -> None:
        """Name the key; the token is not looked for yet.

        Args:
            uri: which.
            pin: where the token's PIN is; in its usual places when None.
            sessions: how many may be open.
            wait: how many seconds a caller may wait for one.

        Raises:
            ExtraMissing: when the binding to tokens is not installed.
        """
        require_extra("hsm", "A key on a token")
        self.uri = uri
        self.pin = pin or SecretSource.usual("PIN", uri.pin_name)
        self._sessions = sessions
        self._wait = wait

    def another(self, uri: Pkcs11Uri) -> "TokenKey":
        """Another key on the same terms: with this one's PIN and bounds."""
        return TokenKey(uri, self.pin, sessions=self._sessions, wait=self._wait)

    @property
    def token(self) -> "Token":
        """The token that it is on, not yet looked for."""
        # Most installations have no token: they load no native library and no binding to one.
        from keys.pkcs11.token import SessionLimits, open_token  # noqa: PLC0415

        return open_token(self.uri, self.pin, SessionLimits(sessions=self._sessions, wait=self._wait))

    def load(self) -> CertificateIssuerPrivateKeyTypes:
        """The private key; each signature is made on the token.

        Raises:
            KeyUnavailable: when token, PIN or key is not there now.
            UnusableKey: when it cannot sign at all.
        """
        from keys.pkcs11.private_key import load_token_key  # noqa: PLC0415 - as above

        return load_token_key(self.uri, self.token)


KeyLocation = KeyFile | TokenKey


def key_location(  # noqa: PLR0913 - all that a setting says of one place
    name: str,
    *,
    directory: Path,
    secret: str | None = None,
    unencrypted: bool = False,
    ask: Callable[[], str] | None = None,
    sessions: int = 8,
    wait: float = 5.0,
) -> KeyLocation:
    """The file or token key that a path or URI names; nothing is opened.

    Args:
        name: the path or URI.
        directory: what relative paths lie in.
        secret: where its passphrase or PIN is, as `SecretSource.named` reads it; in its usual places when None.
        unencrypted: whether a file may be one without a passphrase.
        ask: asks the operator for a file's passphrase that is in none of its places; None where no operator is present.
        sessions: how many sessions of a token may be open.
        wait: how many seconds a caller may wait for one.

    Raises:
        ConfigurationError: for a URI that names no key, or a secret that names no place.
    """
    if is_token_uri(name):
        pin = None if secret is None else SecretSource.named("PIN", secret, directory)
        return TokenKey(Pkcs11Uri.parse(name), pin, sessions=sessions, wait=wait)
    passphrase = None if secret is None else SecretSource.named("passphrase", secret, directory)
    return KeyFile(directory / name, unencrypted=unencrypted, secret=passphrase, ask=ask)
