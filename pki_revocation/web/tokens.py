"""Values that are given out signed and come back: the ticket between the steps of the page, and a receipt's address.

A ticket stands in a form and in a cookie, never in a URL, and says that a subscriber gave a right number and code, so
that the code itself does not travel on through the page. A receipt's address can be shared: every client that has it
may read the confirmation.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.exceptions import Gone

from pki_revocation.clock import Clock
from pki_revocation.errors import NotFound, PkiError
from pki_revocation.model import Confirmation, serial_text
from pki_revocation.register.confirmations import ReceiptId
from pki_revocation.service import AuthenticatedSubscriber, RevocationService

TICKET_LIFETIME = timedelta(minutes=30)
RECEIPT_LIFETIME = timedelta(days=30)


class TicketRefused(PkiError):
    """The ticket is not ours, or older than half an hour: the code is to be given again.

    *number* is the one that it was issued for, which is no secret (WCAG 3.3.7); empty when the ticket is not ours.
    """

    def __init__(self, message: str, number: str = "") -> None:
        super().__init__(message)
        self.number = number


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Who was recognised, and the number that was given."""

    subscriber: AuthenticatedSubscriber
    number: str


class TicketSigner:
    """Signs that a subscriber was recognised, for half an hour."""

    def __init__(self, session_key: str, clock: Clock) -> None:
        """*clock* decides how old a ticket is."""
        self._serializer = signed_values(session_key, "ticket")
        self._clock = clock

    def issue(self, subscriber: AuthenticatedSubscriber, number: str) -> str:
        """A ticket for a subscriber who just gave a right number and code."""
        now = int(self._clock.now().timestamp())
        return str(
            self._serializer.dumps(
                [subscriber.certificate_id, subscriber.code_version, subscriber.binding_tag, now, number]
            )
        )

    def read(self, ticket: str) -> Ticket:
        """Whom a ticket was issued to.

        Raises:
            TicketRefused: when it was not issued here, or its time is over.
        """
        try:
            certificate_id, code_version, binding_tag, issued, *rest = self._serializer.loads(ticket)
        except BadSignature:
            raise TicketRefused("The ticket was not issued here.") from None
        # None in a ticket of the release before, which a form may still hold.
        number = rest[0] if rest else ""
        if self._clock.now().timestamp() - issued > TICKET_LIFETIME.total_seconds():
            raise TicketRefused("The ticket is older than half an hour.", number)
        subscriber = AuthenticatedSubscriber(
            certificate_id=certificate_id, code_version=code_version, binding_tag=binding_tag
        )
        return Ticket(subscriber=subscriber, number=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedReceipt:
    """What a receipt's address stands for: the confirmation, and the last moment at which the address shows it."""

    confirmation: Confirmation
    until: datetime

    def refuse_when_over(self, now: datetime) -> None:
        """Refuse an address whose thirty days are over.

        Raises:
            Gone: when they are.
        """
        if now > self.until:
            raise Gone


class ReceiptTokens:
    """Signs which confirmation a receipt shows, for thirty days each; on one day, a row has one address.

    What is signed is the certificate and the row's reference, and how many whole days after the row's recording the
    address was given out: a client that gives number and code gets one that lives, for as long as the journal does. A
    sequence would mean another row after an old backup was restored, and so another subscriber's confirmation.
    """

    def __init__(self, session_key: str) -> None:
        """The signature, 256 bits, is what makes the address unguessable."""
        self._serializer = signed_values(session_key, "receipt")

    def token(self, receipt: ReceiptId, days: int = 0) -> str:
        """The last part of the receipt's address; *days* is how long after the recording it is given out."""
        parts: list[object] = [receipt.issuer_id, serial_text(receipt.serial), receipt.reference]
        return str(self._serializer.dumps([*parts, days] if days else parts))

    def token_for(self, confirmation: Confirmation, now: datetime) -> str:
        """The last part of the address that a client is given *now*, who revoked or gave number and code again."""
        entry = confirmation.entry
        return self.token(ReceiptId.of(entry), max(0, (now - entry.recorded_at).days))

    def read(self, token: str) -> tuple[ReceiptId | tuple[int, int], int]:
        """What a token stands for, and its days; issuer and sequence for those made before revision 0012.

        Raises:
            NotFound: when it was not made here.
        """
        try:
            issuer_id, *rest = self._serializer.loads(token)
        except BadSignature:
            raise NotFound("There is no such receipt.") from None
        if len(rest) == 1:
            return (issuer_id, rest[0]), 0
        serial, reference, *days = rest
        return ReceiptId(issuer_id=issuer_id, serial=int(serial, 16), reference=reference), days[0] if days else 0

    def open(self, token: str, service: RevocationService) -> OpenedReceipt:
        """The confirmation that a token stands for, and until when it does.

        Raises:
            NotFound: when it was not made here.
            ConfirmationLost: when it was, and the journal has nothing to show for it.
            StoreError: when the database does not answer.
        """
        found, days = self.read(token)
        confirmation = (
            service.confirmed_earlier(found) if isinstance(found, ReceiptId) else service.confirmed_by_sequence(*found)
        )
        until = confirmation.entry.recorded_at + timedelta(days=days) + RECEIPT_LIFETIME
        return OpenedReceipt(confirmation=confirmation, until=until)


def signed_values(session_key: str, purpose: str) -> URLSafeSerializer:
    """What signs values for one purpose.

    A salt of its own for each: a ticket can never be shown as a receipt, nor either as a session.
    """
    return URLSafeSerializer(
        session_key,
        salt=f"pki-revocation {purpose}",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
