"""What the page refuses, and what nobody learns from it."""

import logging
import re
from datetime import timedelta

import pytest

from pki_revocation.codes import CodeScheme, CodeVerifier, grouped, new_code
from pki_revocation.database.engine import Database
from pki_revocation.numbers import grouped as grouped_number
from pki_revocation.numbers import number_at
from pki_revocation.register.live_codes import store_codes
from tests.fakes import FakeClock
from tests.pki_revocation.web.browser import Browser, date_fields
from tests.pki_revocation.web.conftest import Journal
from tests.subscribers import Subscriber


def test_reading_never_revokes(browser: Browser, subscriber: Subscriber, written: Journal) -> None:
    """GET, HEAD and OPTIONS change nothing, whatever they carry (ASVS 3.5.3)."""
    check = browser.answer(subscriber, reason="none").request.path
    fields = {**browser.hidden(), "number": subscriber.number, "code": subscriber.code, "reason": "none"}
    steps = [check.replace("/check", f"/{step}") for step in ("check", "reason", "number-and-code", "not-revoked")]
    for address in ("/revoke", "/intrekken", "/api/v1/revocations", *steps):
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = browser.client.open(
                address, method=method, query_string=fields, data=fields, base_url=browser.base_url
            )
            assert answer.status_code in {200, 405}

    assert written.entries() == []


@pytest.mark.parametrize("token", [None, "", "forged"])
@pytest.mark.parametrize("step", ["identify", "reasons", "confirm"])
@pytest.mark.parametrize("own", [False, True])
def test_form_without_its_token_is_refused(
    browser: Browser,
    subscriber: Subscriber,
    written: Journal,
    token: str | None,
    step: str,
    own: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Each step wants the CSRF token of this visitor's session (ASVS 3.5.1), and says how to go on.

    Where the browser says that the form is a page's of ours, what was answered is kept: the same button will do.
    """
    browser.get("/revoke")
    fields = {"number": subscriber.number, "code": subscriber.code}
    if step != "identify":
        browser.submit(fields)
        fields = {"reason": "replaced"}
    if step == "confirm":
        browser.submit(fields)
        fields = {}
    fields = {**browser.hidden(), **fields}
    del fields["csrf_token"]
    if token is not None:
        fields["csrf_token"] = token

    headers = {"Sec-Fetch-Site": "same-origin"} if own else {}
    answer = browser.follow(browser.post(browser.action(), fields, headers))

    assert answer.status_code == 400
    assert "We could not process this form" in answer.text
    assert written.entries() == []
    if not own:
        assert "Begin again" in answer.text
        assert 'href="/revoke"' in answer.text
    elif step == "identify":
        assert f'value="{subscriber.number}"' in answer.text
        assert subscriber.code not in answer.text
    else:
        assert {"reasons": 'value="replaced" checked', "confirm": "It has been replaced"}[step] in answer.text
        assert browser.submit({"reason": "replaced"} if step == "reasons" else {}).status_code == 200
        assert len(written.entries()) == (1 if step == "confirm" else 0)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Origin": "http://127.0.0.1:8460"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
        ({"Origin": "https://elsewhere.example"}, 400),
        ({"Origin": "http://[half-an-address"}, 400),
    ],
)
def test_form_from_elsewhere_is_refused(
    browser: Browser, subscriber: Subscriber, written: Journal, headers: dict[str, str], status: int
) -> None:
    """Where the browser says that another site sent the form, a right token does not help."""
    browser.answer(subscriber, reason="none")

    assert browser.submit({}, headers).status_code == status
    assert len(written.entries()) == (1 if status == 200 else 0)


@pytest.mark.parametrize("step", ["reasons", "confirm"])
def test_ticket_lasts_half_an_hour(
    browser: Browser, subscriber: Subscriber, written: Journal, clock: FakeClock, step: str
) -> None:
    """After 30 minutes the code is asked for again, and nothing else (WCAG 2.2.5, 3.3.7); a forged ticket is none."""
    chosen = {"reason": "key-compromise", **date_fields("20-11-2026", "9:30"), "compromised_older": "yes"}
    browser.identify(subscriber.number, subscriber.code)
    if step == "confirm":
        browser.submit(chosen)
    action, fields = browser.action(), {**browser.hidden(), **chosen}
    shown = browser.seen[-1].request.path
    forged = browser.follow(browser.post(action, {**fields, "ticket": fields["ticket"][:-3] + "abc"}))
    assert (forged.status_code, written.entries()) == (400, [])

    clock.advance(timedelta(minutes=30, seconds=1))
    for late in (browser.follow(browser.post(action, fields)), browser.get(shown)):
        assert late.status_code == 400
        assert "The half hour is over" in late.text
        assert "damaged" not in late.text
        assert "<title>Error:" in late.text
        assert f'name="number" class="figures" value="{subscriber.number}"' in late.text.replace(
            grouped_number(subscriber.number), subscriber.number
        )
    assert written.entries() == []

    mistyped = browser.submit({"number": "1", "code": "1"})
    assert mistyped.status_code == 422
    again = browser.submit({"number": subscriber.number, "code": subscriber.code})
    assert 'value="key-compromise" checked' in again.text
    for field, value in date_fields("20-11-2026", "9:30").items():
        assert f'name="{field}" class="figures" value="{value}"' in again.text
    clock.advance(timedelta(minutes=30))
    assert browser.submit(chosen).status_code == 200


def test_code_that_was_replaced_between_the_steps_counts_no_more(
    browser: Browser,
    subscriber: Subscriber,
    written: Journal,
    database: Database,
    verifier: CodeVerifier,
    clock: FakeClock,
) -> None:
    """The ticket holds the code's version, and the service looks at it again under the lock."""
    browser.answer(subscriber, reason="none")
    stored = verifier.store(number=subscriber.number, code=new_code(verifier.scheme))
    with database.write() as connection:
        store_codes(connection, [(subscriber.certificate.id, stored)], pepper_id=verifier.pepper.id, clock=clock)

    answer = browser.submit({})

    assert answer.status_code == 403
    assert "do not belong together" in answer.text
    assert written.entries() == []


def test_unknown_number_and_wrong_code_look_the_same(
    browser: Browser, subscriber: Subscriber, verifier: CodeVerifier
) -> None:
    """Nobody learns from the page which numbers exist (ASVS 6.3.8)."""
    other = new_code(verifier.scheme)
    pages = []
    for number in (subscriber.number, number_at(999)):
        answer = browser.identify(number, other)
        text = re.sub(r'name="csrf_token" value="[^"]*"|/[0-9a-f]{12}/', "", answer.text)
        pages.append((answer.status_code, sorted(answer.headers.keys()), _without_number(text, number)))

    assert pages[0] == pages[1]
    assert pages[0][0] == 403
    assert "do not belong together" in pages[0][2]


def _without_number(text: str, number: str) -> str:
    return text.replace(grouped_number(number).replace(" ", "+"), "").replace(number, "")


def test_code_in_the_number_field_is_not_shown_again(bare_browser: Browser) -> None:
    """Somebody who swaps the fields does not see the code in the page."""
    code = new_code(CodeScheme.ARGON2ID)
    answer = bare_browser.identify(grouped(code), "1234 5678 9012")

    assert answer.status_code == 422
    assert code not in answer.text
    assert grouped(code) not in answer.text


def test_code_is_nowhere_but_in_the_request(
    browser: Browser, subscriber: Subscriber, caplog: pytest.LogCaptureFixture, clock: FakeClock
) -> None:
    """No page, header or log line ever holds a code, wherever somebody typed it."""
    caplog.set_level(logging.DEBUG)
    code = subscriber.code
    browser.identify(code, subscriber.number)
    browser.identify(number_at(7), code)
    browser.identify(subscriber.number, code)
    dates = ("compromised_day", "compromised_month", "compromised_year", "compromised_time")
    for field in ("reason", *dates, "lang", "ticket", "csrf_token", "compromised_older"):
        for typed in (code, grouped(code)):
            browser.identify(subscriber.number, code)
            browser.submit({"reason": "key-compromise", field: typed})
            browser.answer(subscriber, reason="key-compromise")
            if field != "reason":
                browser.post(browser.action(), {**browser.hidden(), field: typed, "reason": "x"})
    browser.revoke(subscriber, reason="stopped")
    browser.identify(subscriber.number, code)
    browser.submit({"reason": "key-compromise", "compromised_day": code})
    clock.advance(timedelta(days=400))
    browser.identify(subscriber.number, code)
    browser.get(f"/{code}")

    for secret in (code, grouped(code), code.lower(), grouped(code).lower()):
        for answer in browser.seen:
            assert secret not in answer.text
            assert secret not in str(answer.headers)
        assert secret not in caplog.text
    assert "revoked, reference " in caplog.text
    assert subscriber.number not in caplog.text
