"""Who may read the status of a revocation: a client with the token that the revocation was answered with.

It is the last part of the receipt's address, and opens no more than that does. It travels in the Authorization header
alone (RFC 6750 section 2.1): an address ends up in logs.
"""

from flask import request
from werkzeug.exceptions import Gone

from pki_revocation.clock import Clock
from pki_revocation.errors import ConfirmationLost, NotFound, PkiError
from pki_revocation.model import Confirmation
from pki_revocation.service import RevocationService

from .tokens import ReceiptTokens

_SCHEME = "bearer"
# RFC 6750 section 3: an error code stands there only where there was a token.
_ASKED = 'Bearer realm="revocations"'
_REFUSED = f'{_ASKED}, error="invalid_token"'


class TokenRefused(PkiError):
    """There is no token, or none that counts; *challenge* is what WWW-Authenticate says."""

    def __init__(self, says: str, challenge: str) -> None:
        self.challenge = challenge
        super().__init__(says)


class StatusTokens:
    """Gives tokens to those who gave number and code, and says what one opens."""

    def __init__(self, *, receipts: ReceiptTokens, service: RevocationService, clock: Clock) -> None:
        """*service* reads confirmations, and *clock* decides how old a token is."""
        self._receipts = receipts
        self._service = service
        self._clock = clock

    def give(self, confirmation: Confirmation) -> str:
        """A token that counts for thirty days from now."""
        return self._receipts.token_for(confirmation, self._clock.now())

    def open(self, token: str) -> Confirmation:
        """The confirmation that a token was given for; nothing is looked up for one that was not given here.

        Raises:
            ConfirmationLost: when it was given here, and the journal has nothing to show for it.
            TokenRefused: when it was not, or was given too long ago.
            StoreError: when the database does not answer.
        """
        try:
            opened = self._receipts.open(token, self._service)
            opened.refuse_when_over(self._clock.now())
        except ConfirmationLost:
            raise
        except NotFound:
            says = "This token was not given here: send the status_token as the revocation was answered with it."
            raise TokenRefused(says, _REFUSED) from None
        except Gone:
            says = "This token counted for 30 days: the same request with number and code gives another one."
            raise TokenRefused(says, _REFUSED) from None
        return opened.confirmation


def bearer_token() -> str:
    """The request's token.

    Raises:
        TokenRefused: when it has none.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != _SCHEME or not token.strip():
        says = "Send 'Authorization: Bearer TOKEN', with the status_token that the revocation was answered with."
        raise TokenRefused(says, _ASKED)
    return token.strip()
