"""Gives a token its PIN, and never so often that the token locks.

A PIN that was refused is tried once and not again until it is another one. At its first login a process does not try at
all while the token says that a wrong one was given since the last right one (CKF_USER_PIN_COUNT_LOW): otherwise a
service that its supervisor starts again and again would use every try up. `keys login` is the operator's way out. The
last try (CKF_USER_PIN_FINAL_TRY) is a human's alone.
"""

import hashlib
import hmac
import secrets

import pkcs11

from keys.errors import PinRefused
from keys.files.secret_source import SecretSource

# What is kept of a refused PIN says nothing outside this process.
_BLIND = secrets.token_bytes(32)


class PinGuard:
    """Logs in to one token, and never tries a PIN again that the token refused."""

    def __init__(self, source: SecretSource) -> None:
        """*source* is where the PIN is."""
        self._source = source
        self._refused: bytes | None = None

    def log_in(self, token: pkcs11.Token, *, knowingly: bool = False) -> pkcs11.Session:
        """A session that keeps the whole process logged in, for as long as it is open.

        Args:
            token: as it is now: its flags say what may be tried.
            knowingly: an operator says that the PIN is right now, although a wrong one was given before.

        Raises:
            SecretMissing: when there is no PIN.
            PinRefused: when the token refuses it, or it is not to be tried.
            pkcs11.PKCS11Error: when the token does not answer.
        """
        if token.flags & pkcs11.TokenFlag.USER_PIN_LOCKED:
            raise PinRefused(f"The token {token.label!r} has locked its PIN: its security officer sets a new one.")
        pin = self._source.read()
        digest = hmac.digest(_BLIND, pin.encode(), hashlib.sha256)
        self._refuse_to_try(token, digest, knowingly=knowingly)
        try:
            session = token.open(user_pin=pin)
        except pkcs11.UserAlreadyLoggedIn:
            session = token.open()
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange):
            self._refused = digest
            raise PinRefused(
                f"The token {token.label!r} refused the PIN. It is not tried again as it stands: {self._source.advice}."
            ) from None
        except (pkcs11.PinLocked, pkcs11.PinExpired) as error:
            self._refused = digest
            raise PinRefused(f"The token {token.label!r} takes no PIN any more: {type(error).__name__}.") from None
        self._refused = None
        return session

    def _refuse_to_try(self, token: pkcs11.Token, digest: bytes, *, knowingly: bool) -> None:
        if self._refused is not None and hmac.compare_digest(self._refused, digest):
            raise PinRefused(
                f"The token {token.label!r} refused this PIN before, and it is still the same: {self._source.advice}."
            )
        if token.flags & pkcs11.TokenFlag.USER_PIN_FINAL_TRY:
            raise PinRefused(
                f"One more wrong PIN would lock the token {token.label!r}: log in once by hand, with the tool of the "
                "token's maker."
            )
        if token.flags & pkcs11.TokenFlag.USER_PIN_COUNT_LOW and self._refused is None and not knowingly:
            raise PinRefused(
                f"The token {token.label!r} was given a wrong PIN since the last right one, so that none is "
                "tried at a start: see that the PIN is right, and run 'pki-revocation keys login'."
            )
