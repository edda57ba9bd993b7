"""The subscriber's page: its steps, and what each of them shows."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from pki_revocation.clock import iso
from pki_revocation.codes import CodeScheme, CodeVerifier, grouped, new_code
from pki_revocation.model import Channel, EntryKind, serial_text
from pki_revocation.numbers import grouped as grouped_number
from pki_revocation.numbers import number_at
from pki_revocation.reasons import RevocationReason
from tests.fakes import FakeClock
from tests.pki_revocation.web.browser import Browser, date_fields
from tests.pki_revocation.web.conftest import Journal
from tests.subscribers import Subscriber


def test_number_and_code_revoke_after_a_check(
    browser: Browser, subscriber: Subscriber, written: Journal, clock: FakeClock
) -> None:
    """The certificate and the question, then all answers again, which changes nothing; the last button revokes."""
    question = browser.identify(grouped_number(subscriber.number), grouped(subscriber.code).lower())

    assert question.status_code == 200
    for shown in ("Zorg BV", serial_text(subscriber.certificate.serial), "Nothing has been revoked yet"):
        assert shown in question.text

    check = browser.submit({"reason": "replaced"})

    assert check.status_code == 200
    for shown in (
        "Zorg BV",
        "zorg-bv.example",
        serial_text(subscriber.certificate.serial),
        "It has been replaced by a new certificate",
        "In the public list: superseded",
        "Everyone can read this in the public revocation list",
        "Revoking is irrevocable",
    ):
        assert shown in check.text
    assert written.entries() == []

    confirmation = browser.confirm()

    (entry,) = written.entries()
    assert confirmation.status_code == 200
    assert (entry.reason, entry.channel) == (RevocationReason.SUPERSEDED, Channel.PAGE)
    for shown in (
        "The certificate has been revoked",
        f'datetime="{iso(clock.now())}"',
        "Monday 23 November 2026 at 15:03:22",
        "23 November 2026 at 14:03:22 (UTC)",
        serial_text(entry.serial),
        "Zorg BV",
        "superseded",
        entry.reference,
        f'id="sequence" class="figures">{entry.sequence}<',
        "Your liability for the use of this certificate ends on Monday 23 November 2026 at 15:03:22 (Dutch time)",
        "For use before that moment you stay responsible.",
        "http://127.0.0.1:8460/receipt/",
    ):
        assert shown in confirmation.text


def test_page_is_dutch_first_and_has_a_dutch_address(app: Flask, subscriber: Subscriber) -> None:
    """/intrekken is the same page, and a browser that asks for neither language gets Dutch."""
    visitor = Browser(app, language="de")
    first = visitor.get("/intrekken")
    assert '<html lang="nl">' in first.text
    assert "Servercertificaat intrekken" in first.text
    visitor.submit({"number": subscriber.number, "code": subscriber.code})
    visitor.submit({"reason": "none"})
    confirmation = visitor.confirm()

    assert {each.request.path.split("/")[1] for each in visitor.seen} == {"intrekken", "receipt"}
    assert "Het certificaat is ingetrokken" in confirmation.text
    assert "maandag 23 november 2026 om 15:03:22" in confirmation.text
    assert "Geen reden opgegeven" in confirmation.text
    assert "Uw aansprakelijkheid voor het gebruik van dit certificaat eindigt op maandag" in confirmation.text


@pytest.mark.parametrize(
    ("path", "language", "page"), [("/", "en", "/revoke"), ("/?lang=en", "nl", "/revoke"), ("/", "nl", "/intrekken")]
)
def test_root_leads_to_the_page(bare_app: Flask, path: str, language: str, page: str) -> None:
    """Whoever types the host's name only is led on, in their language."""
    response = Browser(bare_app, language=language).get(path)
    assert (response.status_code, response.location) == (302, page)


def test_double_click_gets_the_same_confirmation(
    browser: Browser, subscriber: Subscriber, written: Journal, clock: FakeClock
) -> None:
    """The last step sent twice leads to one address twice, and makes one row."""
    browser.answer(subscriber, reason="stopped")
    action, fields = browser.action(), browser.hidden()
    first = browser.post(action, fields)
    clock.advance(timedelta(seconds=5))
    second = browser.post(action, fields)

    assert (second.status_code, second.location) == (first.status_code, first.location)
    assert first.status_code == 303
    assert len(written.entries()) == 1
    told = browser.follow(second).text
    assert "The certificate has been revoked" in told
    assert "revoked already" not in told


def test_already_revoked_is_told_after_a_right_code(
    browser: Browser, subscriber: Subscriber, written: Journal, verifier: CodeVerifier, clock: FakeClock
) -> None:
    """The truth with the original time, to whoever gives the right code and to nobody else."""
    browser.revoke(subscriber, reason="replaced")
    clock.advance(timedelta(days=3))

    told = browser.identify(subscriber.number, subscriber.code)
    refused = browser.identify(subscriber.number, new_code(verifier.scheme))

    assert told.status_code == 200
    assert "This certificate is already revoked" in told.text
    assert "Monday 23 November 2026 at 15:03:22" in told.text
    assert written.entries()[0].reference in told.text
    assert 'id="revoke"' not in told.text
    assert "already revoked" not in refused.text


def test_key_compromise_can_be_added(
    browser: Browser, subscriber: Subscriber, written: Journal, clock: FakeClock
) -> None:
    """Whoever revoked for another reason may still say that the key is not safe; whoever said so is not asked."""
    browser.revoke(subscriber, reason="replaced")
    clock.advance(timedelta(days=1))
    offer = browser.identify(subscriber.number, subscriber.code)
    assert 'id="report-compromise"' in offer.text

    future = browser.submit(date_fields("1-1-2030"))
    assert (future.status_code, len(written.entries())) == (422, 1)
    older = browser.submit(date_fields("20-11-2026"))
    assert (older.status_code, "before the certificate began" in older.text) == (422, True)
    check = browser.submit({**date_fields("20-11-2026"), "compromised_older": "yes"})
    for shown in (
        'id="add-compromise"',
        "It has been replaced",
        "Friday 20 November 2026 at 00:00:00",
        "That is before",
    ):
        assert shown in check.text
    assert len(written.entries()) == 1
    for step, said in (("not-revoked", True), ("reason", False)):
        page = browser.get(check.request.path.replace("/check", f"/{step}")).text
        assert ("Nothing was changed now." in page, 'id="not-recorded"' in page) == (said, False)
    browser.get(check.request.path)
    added = browser.confirm()

    first, raised = written.entries()
    assert "The reason has been added" in added.text
    assert raised.kind is EntryKind.RAISE
    assert raised.revocation_date == first.revocation_date
    assert raised.invalidity_date == datetime(2026, 11, 19, 23, tzinfo=UTC)
    assert 'id="report-compromise"' not in browser.identify(subscriber.number, subscriber.code).text


def test_expired_certificate_is_told_and_not_revoked(
    browser: Browser, subscriber: Subscriber, written: Journal, clock: FakeClock
) -> None:
    """After notAfter a right code gets the truth; also when validity ends between any two steps."""
    clock.advance(subscriber.certificate.not_after - clock.now())
    browser.identify(subscriber.number, subscriber.code)
    question = browser.action(), browser.hidden()
    browser.submit({"reason": "none"})
    check = browser.action(), browser.hidden()
    clock.advance(timedelta(seconds=1))

    for action, fields in (question, check):
        late = browser.follow(browser.post(action, fields))
        assert late.status_code == 409
        assert "This certificate has expired" in late.text
    told = browser.identify(subscriber.number, subscriber.code)
    assert told.status_code == 200
    assert "This certificate has expired" in told.text
    assert 'id="continue"' not in told.text
    assert written.entries() == []


def test_language_is_switched_between_the_steps(browser: Browser, subscriber: Subscriber, written: Journal) -> None:
    """The switch of each step takes all along, revokes nothing, leads to the other language's address, and stays."""
    browser.identify(subscriber.number, subscriber.code)

    dutch = browser.switch("nl")
    assert '<html lang="nl">' in dutch.text
    assert dutch.request.path.startswith("/intrekken/")
    assert "Waarom trekt u dit certificaat in?" in dutch.text
    browser.submit({"reason": "replaced"})
    (link,) = re.findall(r'id="language-en" href="([^"]+)"', browser.seen[-1].text)
    english = browser.get(html.unescape(link))
    assert english.request.path.startswith("/revoke/")
    assert "It has been replaced by a new certificate" in english.text
    (link,) = re.findall(r'id="language-nl" href="([^"]+)"', english.text)
    browser.get(html.unescape(link))
    assert written.entries() == []

    assert "Het certificaat is ingetrokken" in browser.confirm().text
    assert "Servercertificaat intrekken" in browser.get("/revoke").text


def test_switch_keeps_what_was_chosen(browser: Browser, subscriber: Subscriber, written: Journal) -> None:
    """What the page's script sends along with the switch stands in the other language's form."""
    browser.identify(subscriber.number, subscriber.code)

    dutch = browser.switch("nl", reason="key-compromise", **date_fields("20-11-2026"))

    assert 'value="key-compromise" checked' in dutch.text
    assert 'name="compromised_year" class="figures" value="2026"' in dutch.text
    assert written.entries() == []


@pytest.mark.parametrize("language", ["en-US", "nl", "de"])
def test_dutch_letter_leads_to_dutch_pages(app: Flask, subscriber: Subscriber, language: str) -> None:
    """The Dutch address speaks Dutch to every browser, all the way to the receipt; who chooses English gets that."""
    visitor = Browser(app, language=language)
    visitor.get("/intrekken")
    assert '<html lang="nl">' in visitor.submit({"number": subscriber.number, "code": subscriber.code}).text
    assert '<html lang="nl">' in visitor.submit({"reason": "none"}).text
    confirmation = visitor.confirm()
    (receipt,) = re.findall(r'id="receipt" href="http://127.0.0.1:8460([^"]+)"', confirmation.text)
    assert '<html lang="nl">' in visitor.get(receipt).text
    assert '<html lang="en">' in visitor.get("/intrekken?lang=en").text
    assert '<html lang="en">' in visitor.get("/intrekken").text


def test_first_step_keeps_the_number_over_a_switch(browser: Browser, subscriber: Subscriber) -> None:
    """After a complaint the link to the other language takes the number along."""
    answer = browser.identify(subscriber.number, "")
    (link,) = re.findall(r'id="language-nl" href="([^"]+)"', answer.text)

    switched = browser.get(html.unescape(link))

    assert '<html lang="nl">' in switched.text
    assert f'value="{subscriber.number}"' in switched.text
    (link,) = re.findall(r'id="language-en" href="([^"]+)"', browser.get(f"/intrekken?number={subscriber.number}").text)
    assert f'value="{grouped_number(subscriber.number)}"' in browser.get(html.unescape(link)).text


@pytest.mark.parametrize(("query", "shown"), [("right", True), ("123456789012", False), ("<script>", False)])
def test_number_may_come_with_the_address(bare_browser: Browser, query: str, shown: bool) -> None:  # noqa: FBT001 - a table's column
    """The letter's QR code fills in the number where it reads as one; a code is never taken from an address."""
    code = new_code(CodeScheme.ARGON2ID)
    number = number_at(1) if query == "right" else query
    answer = bare_browser.client.get("/revoke", query_string={"number": number, "code": code})

    assert (f'value="{grouped_number(number)}"' in answer.text) is shown
    assert "<script>" not in answer.text
    assert code not in answer.text
