"""Values that are given out signed and come back: the ticket between two steps of the page, and a receipt's address.

A ticket stands in a form, never in a URL, and says that a subscriber gave a right number and code, so that the
code itself does not travel on through the page. A receipt's address can be shared: every client that has it may read
the confirmation.
"""

import hashlib
from datetime import timedelta

from itsdangerous import BadSignature, URLSafeSerializer

from pki_revocation.clock import Clock
from pki_revocation.errors import NotFound, PkiError
from pki_revocation.model import Confirmation, serial_text
from pki_revocation.service import AuthenticatedSubscriber, ReceiptId, RevocationService

TICKET_LIFETIME = timedelta(minutes=30)
RECEIPT_LIFETIME = timedelta(days=30)


class TicketRefused(PkiError):
    """The ticket is not ours, or older than half an hour: number and code are to be given again."""


class TicketSigner:
    """Signs that a subscriber was recognised, for half an hour."""

    def __init__(self, session_key: str, clock: Clock) -> None:
        """*clock* decides how old a ticket is."""
        self._serializer = _serializer(session_key, "ticket")
        self._clock = clock

    def issue(self, subscriber: AuthenticatedSubscriber) -> str:
        """A ticket for a subscriber who just gave a right number and code."""
        now = int(self._clock.now().timestamp())
        return str(
            self._serializer.dumps([subscriber.certificate_id, subscriber.code_version, subscriber.binding_tag, now])
        )

    def read(self, ticket: str) -> AuthenticatedSubscriber:
        """The subscriber that a ticket was issued to.

        Raises:
            TicketRefused: when it was not issued here, or its time is over.
        """
        try:
            certificate_id, code_version, binding_tag, issued = self._serializer.loads(ticket)
        except BadSignature:
            raise TicketRefused("The ticket was not issued here.") from None
        if self._clock.now().timestamp() - issued > TICKET_LIFETIME.total_seconds():
            raise TicketRefused("The ticket is older than half an hour.")
        return AuthenticatedSubscriber(
            certificate_id=certificate_id, code_version=code_version, binding_tag=binding_tag
        )


class ReceiptTokens:
    """Signs which confirmation a receipt shows; the same row always has the same address.

    What is signed is the certificate and the row's reference. A sequence would mean another row after an old backup was
    restored, and so another subscriber's confirmation.
    """

    def __init__(self, session_key: str) -> None:
        """The signature, 256 bits, is what makes the address unguessable."""
        self._serializer = _serializer(session_key, "receipt")

    def token(self, receipt: ReceiptId) -> str:
        """The last part of the receipt's address."""
        return str(self._serializer.dumps([receipt.issuer_id, serial_text(receipt.serial), receipt.reference]))

    def read(self, token: str) -> ReceiptId | tuple[int, int]:
        """What a token stands for; issuer and sequence for those that were made before revision 0012.

        Raises:
            NotFound: when it was not made here.
        """
        try:
            issuer_id, *rest = self._serializer.loads(token)
        except BadSignature:
            raise NotFound("There is no such receipt.") from None
        if len(rest) == 1:
            return issuer_id, rest[0]
        serial, reference = rest
        return ReceiptId(issuer_id=issuer_id, serial=int(serial, 16), reference=reference)

    def confirmation(self, token: str, service: RevocationService) -> Confirmation:
        """The confirmation that a token stands for.

        Raises:
            NotFound: when it was not made here.
            ConfirmationLost: when it was, and the journal has nothing to show for it.
            StoreError: when the database does not answer.
        """
        found = self.read(token)
        return (
            service.confirmed_earlier(found) if isinstance(found, ReceiptId) else service.confirmed_by_sequence(*found)
        )


def _serializer(session_key: str, purpose: str) -> URLSafeSerializer:
    # A salt of its own for each purpose: a ticket can never be shown as a receipt, nor either as a session.
    return URLSafeSerializer(
        session_key,
        salt=f"pki-revocation {purpose}",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
