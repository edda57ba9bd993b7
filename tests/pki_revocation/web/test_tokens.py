"""Tickets and receipt tokens: signed, each for its own purpose."""

from datetime import UTC, datetime, timedelta

import pytest

from pki_revocation.errors import NotFound
from pki_revocation.register.confirmations import ReceiptId
from pki_revocation.service import AuthenticatedSubscriber
from pki_revocation.web.tokens import ReceiptTokens, Ticket, TicketRefused, TicketSigner, signed_values
from tests.fakes import FakeClock

KEY = "0123456789abcdef" * 4
RECEIPT = ReceiptId(issuer_id=3, serial=(1 << 158) + 5, reference="ABCD-EFGH-JKMN")
WHO = AuthenticatedSubscriber(certificate_id=7, code_version=2, binding_tag="5ea1")


@pytest.fixture
def clock() -> FakeClock:
    """A clock of its own."""
    return FakeClock(datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC))


def test_ticket_comes_back_within_half_an_hour(clock: FakeClock) -> None:
    """Thirty minutes to the second."""
    tickets = TicketSigner(KEY, clock)
    ticket = tickets.issue(WHO, "123456789012")
    clock.advance(timedelta(minutes=30))
    assert tickets.read(ticket) == Ticket(subscriber=WHO, number="123456789012")

    clock.advance(timedelta(seconds=1))
    with pytest.raises(TicketRefused) as refused:
        tickets.read(ticket)
    assert refused.value.number == "123456789012"


def test_ticket_of_the_release_before_is_read(clock: FakeClock) -> None:
    """A form that stood open during an upgrade has one without the number."""
    before = signed_values(KEY, "ticket").dumps([7, 2, "5ea1", int(clock.now().timestamp())])
    assert TicketSigner(KEY, clock).read(str(before)) == Ticket(subscriber=WHO, number="")


def test_ticket_of_another_key_is_refused(clock: FakeClock) -> None:
    """Without the session key nobody makes one."""
    with pytest.raises(TicketRefused):
        TicketSigner(KEY, clock).read(TicketSigner("another" * 8, clock).issue(WHO, ""))


def test_tokens_do_not_serve_for_each_other(clock: FakeClock) -> None:
    """The same key signs both, and neither passes for the other."""
    tickets, receipts = TicketSigner(KEY, clock), ReceiptTokens(KEY)
    with pytest.raises(NotFound):
        receipts.read(tickets.issue(WHO, ""))
    with pytest.raises(TicketRefused):
        tickets.read(receipts.token(RECEIPT))


def test_receipt_token_is_the_same_each_time_and_long() -> None:
    """On one day the address is the same, later it is another one; its signature has 256 bits."""
    receipts = ReceiptTokens(KEY)
    token, later = receipts.token(RECEIPT), receipts.token(RECEIPT, 31)

    assert receipts.token(RECEIPT) == token != later
    assert receipts.read(token) == (RECEIPT, 0)
    assert receipts.read(later) == (RECEIPT, 31)
    assert receipts.read(receipts.token(RECEIPT, 3000)) == (RECEIPT, 3000)
    assert {len(each.rpartition(".")[2]) for each in (token, later)} == {43}
