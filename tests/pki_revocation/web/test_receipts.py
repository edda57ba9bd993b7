"""Receipts: the confirmation again, for thirty days, for every client that has its address."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import journal_heads
from pki_revocation.model import Issuer
from pki_revocation.register.confirmations import ReceiptId
from pki_revocation.web.tokens import ReceiptTokens
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.web.browser import Browser
from tests.pki_revocation.web.conftest import SESSION_KEY, Journal
from tests.subscribers import Subscriber, enrol


@pytest.fixture
def address(browser: Browser, subscriber: Subscriber) -> str:
    """The address that stands on the confirmation."""
    confirmation = browser.revoke(subscriber, reason="replaced")
    (found,) = re.findall(r'id="receipt" href="http://127\.0\.0\.1:8460(/receipt/[\w.-]+)"', confirmation.text)
    return str(found)


def test_receipt_shows_the_confirmation_again(browser: Browser, address: str, clock: FakeClock) -> None:
    """The same page, in either language, kept by nobody on the way."""
    shown = browser.seen[-1].text
    assert browser.seen[-1].request.path == address
    clock.advance(timedelta(days=30))

    receipt = browser.get(address)

    assert receipt.status_code == 200
    # All but the moment of the look is the same.
    assert _without_the_look(receipt.text) == _without_the_look(shown)
    assert receipt.headers["Cache-Control"] == "no-store"
    assert "Het certificaat is ingetrokken" in browser.get(f"{address}?lang=nl").text


def test_address_of_a_receipt_is_over_after_thirty_days_and_the_receipt_is_not(
    browser: Browser, subscriber: Subscriber, address: str, clock: FakeClock
) -> None:
    """Number and code open it however old the revocation is, at an address that is good for as long again."""
    clock.advance(timedelta(days=30, seconds=1))
    gone = browser.get(address)
    assert gone.status_code == 410
    assert "you get a new receipt there" in gone.text

    clock.advance(timedelta(days=250))
    told = browser.identify(subscriber.number, subscriber.code)
    (fresh,) = re.findall(r'id="receipt" href="http://127\.0\.0\.1:8460(/receipt/[\w.-]+)"', told.text)
    (until,) = re.findall(r"at this address until ([^.]+)\.", told.text)
    again = browser.identify(subscriber.number, subscriber.code).text

    assert fresh != address
    assert fresh in again
    assert until == "29 September 2027"
    shown = browser.get(fresh)
    assert shown.status_code == 200
    assert until in shown.text
    (visible,) = re.findall(r'data-address="([^"]+)"', shown.text)
    assert browser.get(visible).status_code == 200
    clock.advance(timedelta(days=30))
    assert [browser.get(each).status_code for each in (fresh, visible)] == [410, 404]


def receipt_on(page: str) -> str:
    """The receipt's address that a page gives."""
    (found,) = re.findall(r'id="receipt" href="http://127\.0\.0\.1:8460(/receipt/[\w.-]+)"', page)
    return str(found)


def test_number_and_code_give_an_address_that_lives_for_as_long_as_the_journal(
    browser: Browser, address: str, subscriber: Subscriber, clock: FakeClock, written: Journal
) -> None:
    """After forty days, and after five years: the page that says 'already revoked' leads to the confirmation."""
    (entry,) = written.entries()
    for days in (40, 5 * 365):
        clock.advance(timedelta(days=days))
        assert browser.get(address).status_code == 410

        fresh = receipt_on(browser.identify(subscriber.number, subscriber.code).text)

        for path in (fresh, f"{fresh}/visible"):
            assert browser.get(path).status_code == 200
        assert entry.reference in browser.get(fresh).text
        clock.advance(timedelta(days=29))
        assert browser.get(fresh).status_code == 200
        clock.advance(timedelta(days=2))
        assert browser.get(fresh).status_code == 410


def test_endpoint_gives_an_address_that_lives(
    app: Flask, browser: Browser, address: str, subscriber: Subscriber, clock: FakeClock
) -> None:
    """A repeat on the same day gets the same answer, and one after thirty days an address that can be opened."""
    asked = {"number": subscriber.number, "code": subscriber.code}
    first = app.test_client().post("/api/v1/revocations", json=asked).get_json()
    again = app.test_client().post("/api/v1/revocations", json=asked).get_json()
    clock.advance(timedelta(days=31))
    later = app.test_client().post("/api/v1/revocations", json=asked).get_json()

    assert first == again
    assert first["receipt_url"].endswith(address)
    assert browser.get(address).status_code == 410
    assert browser.get(later["receipt_url"].removeprefix("http://127.0.0.1:8460")).status_code == 200
    anew = {"receipt_url": "", "status_token": ""}
    assert first | anew == later | anew


def test_opening_an_address_gives_none_that_lives_longer(browser: Browser, address: str, clock: FakeClock) -> None:
    """What was shared is over when it is over: only number and code give another one."""
    clock.advance(timedelta(days=29))

    assert receipt_on(browser.get(address).text) == address


@pytest.mark.parametrize("token", ["1", "WzEsMV0", "WzEsMV0.AAAA", "a.b.c", "%00", "cut short"])
def test_receipt_cannot_be_guessed(browser: Browser, address: str, token: str) -> None:
    """Only the whole signed address is answered."""
    if token == "cut short":
        token = address.rpartition("/")[2][:-1]
    answer = browser.get(f"/receipt/{token}")

    assert answer.status_code == 404
    assert "This page does not exist" in answer.text


@pytest.mark.parametrize("token", ["1", "WzEsMV0.AAAA", "cut short", "over"])
def test_what_is_visible_is_told_to_whoever_has_the_address_alone(
    app: Flask, address: str, clock: FakeClock, token: str
) -> None:
    """A token that is wrong, or whose thirty days are over, answers like any address at which nothing is."""
    if token == "over":
        clock.advance(timedelta(days=30, seconds=1))
    path = {"over": f"{address}/visible", "cut short": f"{address[:-1]}/visible"}.get(
        token, f"/receipt/{token}/visible"
    )
    stranger = Browser(app)

    answer, nothing = stranger.get(path), stranger.get("/nothing")

    assert answer.status_code == 404
    assert (answer.status, answer.text) == (nothing.status, nothing.text)
    assert [*answer.headers] == [*nothing.headers]


def test_what_is_visible_needs_no_cookie_and_is_kept_by_nobody(app: Flask, browser: Browser, address: str) -> None:
    """The address that stands in the page answers in the page's language, without cookies, and sets none."""
    page = browser.get(f"{address}?lang=nl").text
    (path,) = re.findall(r'data-address="([^"]+)"', page)
    stranger = Browser(app, language="en")

    answer = stranger.get(path)

    assert path.startswith(f"{address}/visible")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert set(answer.get_json()) == {"lines", "looked", "settled"}
    assert "Nederlandse tijd" in answer.get_json()["looked"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_receipt_of_a_lost_row_shows_the_same_certificate(browser: Browser, address: str, written: Journal) -> None:
    """After a restoration the row has another reference: the address names the certificate, and shows its row."""
    (entry,) = written.entries()
    lost = ReceiptId(issuer_id=entry.issuer_id, serial=entry.serial, reference="AAAA-BBBB-CCCC")

    receipt = browser.get(f"/receipt/{ReceiptTokens(SESSION_KEY).token(lost)}")

    assert receipt.status_code == 200
    assert entry.reference in receipt.text
    assert f"{entry.serial:x}" in receipt.text.replace(":", "").replace(" ", "").lower()


@pytest.mark.parametrize("by", ["certificate", "reference of another certificate", "sequence"])
def test_receipt_of_what_is_lost_says_so(
    browser: Browser,
    address: str,
    written: Journal,
    issuer: Issuer,
    authority: CertificateAuthority,
    database: Database,
    clock: FakeClock,
    verifier: CodeVerifier,
    by: str,
) -> None:
    """410 with what to do: never another certificate's confirmation, and never that the revocation stands."""
    other = enrol(database, issuer, authority.issue("Elders BV", clock.now()), clock, verifier)
    (entry,) = written.entries()
    tokens = ReceiptTokens(SESSION_KEY)
    reference = entry.reference if by == "reference of another certificate" else "AAAA-BBBB-CCCC"
    token = tokens.token(ReceiptId(issuer_id=issuer.id, serial=other.certificate.serial, reference=reference))
    if by == "sequence":
        # As addresses were made before revision 0012; there was no row then.
        token = old_token(issuer.id, entry.sequence)

    gone, seen = browser.get(f"/receipt/{token}"), browser.get(f"/receipt/{token}/visible")

    assert gone.status_code == 410
    assert "is not in our register" in gone.text
    assert entry.reference not in gone.text
    assert seen.status_code == 404
    assert "staat deze bevestiging niet in ons register" in browser.get(f"/receipt/{token}?lang=nl").text


def test_address_of_before_counts_for_what_was_there_before(
    browser: Browser, address: str, written: Journal, database: Database, issuer: Issuer
) -> None:
    """A row up to which the journal went when the tables were brought to 0012 is the one that was meant."""
    (entry,) = written.entries()
    with database.write() as connection:
        connection.execute(journal_heads.update().values(named_through=1))

    assert entry.reference in browser.get(f"/receipt/{old_token(issuer.id, 1)}").text
    assert browser.get(f"/receipt/{old_token(issuer.id, 2)}").status_code == 410


def old_token(issuer_id: int, sequence: int) -> str:
    """A receipt's token as it was made before revision 0012."""
    serializer = ReceiptTokens(SESSION_KEY)._serializer  # noqa: SLF001 - the same key and salt
    return str(serializer.dumps([issuer_id, sequence]))


def _without_the_look(page: str) -> str:
    return re.sub(r'class="looked">[^<]*<', "<", page)
