"""What people fill in on the page: typing errors, reasons and dates."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest

from pki_revocation.codes import CodeScheme, new_code
from pki_revocation.numbers import number_at
from pki_revocation.reasons import RevocationReason
from tests.fakes import FakeClock
from tests.pki_revocation.web.browser import Browser, date_fields
from tests.pki_revocation.web.conftest import Journal
from tests.subscribers import Subscriber


@pytest.mark.parametrize(
    ("number", "code", "said", "fields"),
    [
        ("", "", ["Fill in your number.", "Fill in your revocation code."], ["number", "code"]),
        ("1234", "right", ["A number has 12 digits. You filled in 4."], ["number"]),
        ("right", "K7Q2", ["The code has 17 characters. You filled in 4."], ["code"]),
        ("right", "K7Q2-" * 5 + "K7Q2", ["The code has 25 characters. You filled in 24."], ["code"]),
        ("right", "UUUU", ["a character in the code that no code has"], ["code"]),
        ("123456789012", "0" * 16 + "1", ["typing error in the number", "typing error in the revocation"], None),
        ("six", "- .", ["A number has digits alone", "Fill in your revocation code"], None),
    ],
)
def test_typing_errors_are_listed_and_linked(
    bare_browser: Browser, number: str, code: str, said: list[str], fields: list[str] | None
) -> None:
    """Every mistake is said at once, linked to its field (WCAG 3.3.1), and only the number's field keeps its text."""
    fields = ["number", "code"] if fields is None else fields
    number = number_at(1) if number == "right" else number
    code = new_code(CodeScheme.ARGON2ID) if code == "right" else code

    answer = bare_browser.identify(number, code)

    assert answer.status_code == 422
    summary = re.search(r'<div class="summary".*?</div>', answer.text, re.DOTALL)
    assert summary is not None
    assert 'role="alert" tabindex="-1"' in summary[0]
    assert re.findall(r'href="#([\w-]+)"', summary[0]) == fields
    for sentence in said:
        assert sentence in html.unescape(summary[0])
    for field in fields:
        assert f'aria-describedby="{field}-hint {field}-form-error" aria-invalid="true"' in answer.text
        assert f'id="{field}-form-error"' in answer.text
    assert f'name="number" class="figures" value="{number}"' in answer.text
    assert 'name="code" class="figures" value=""' in answer.text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("stopped", RevocationReason.CESSATION_OF_OPERATION),
        ("criteria", RevocationReason.CESSATION_OF_OPERATION),
        ("changed", RevocationReason.AFFILIATION_CHANGED),
        ("replaced", RevocationReason.SUPERSEDED),
        ("support-ended", RevocationReason.CESSATION_OF_OPERATION),
        ("key-compromise", RevocationReason.KEY_COMPROMISE),
        ("none", RevocationReason.UNSPECIFIED),
        (None, RevocationReason.UNSPECIFIED),
    ],
)
def test_reason_in_plain_words_becomes_a_crl_reason(
    browser: Browser, subscriber: Subscriber, written: Journal, value: str | None, reason: RevocationReason
) -> None:
    """Each choice of the page comes to the reason of BR 7.2.2 that it means, and none is the default."""
    review = browser.identify(subscriber.number, subscriber.code)
    assert 'value="none" checked' in review.text
    if value is not None:
        assert f'id="reason-{value}"' in review.text
    check = browser.submit({} if value is None else {"reason": value})
    assert (f"In the public list: {reason.token}" in check.text) is (reason is not RevocationReason.UNSPECIFIED)
    browser.confirm()

    assert [entry.reason for entry in written.entries()] == [reason]


@pytest.mark.parametrize("value", ["privilegeWithdrawn", "keyCompromise", "6", "0x7", "' OR 1=1", "x" * 3000])
def test_other_reasons_are_refused(browser: Browser, subscriber: Subscriber, written: Journal, value: str) -> None:
    """Only the page's own words count, and the page comes back with a complaint that links to the reasons."""
    answer = browser.answer(subscriber, reason=value)

    assert answer.status_code == 422
    assert 'href="#reason-none"' in answer.text
    assert browser.submit({"reason": "none"}).status_code == 200
    action, fields = browser.action(), {**browser.hidden(), "reason": value}
    assert browser.follow(browser.post(action, fields)).status_code == 422
    assert written.entries() == []


def test_date_of_compromise_is_dutch_local_time(browser: Browser, subscriber: Subscriber, written: Journal) -> None:
    """Since when the key is not safe is played back with its zone, becomes the invalidity date, and moves nothing."""
    fields = {"reason": "key-compromise", **date_fields("01-07-2026", "09:30"), "compromised_older": "yes"}
    check = browser.answer(subscriber, **fields)
    assert 'Wednesday 1 July 2026 at 09:30:00</time> <span class="together">(Dutch time)' in check.text
    assert "1 July 2026 at 07:30:00 (UTC)" in check.text
    answer = browser.confirm()

    (entry,) = written.entries()
    assert entry.invalidity_date == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    assert entry.revocation_date == entry.recorded_at
    assert "Wednesday 1 July 2026 at 09:30:00" in answer.text


def test_date_of_compromise_counts_with_its_reason_alone(
    browser: Browser, subscriber: Subscriber, written: Journal
) -> None:
    """The field is out of sight while another reason is chosen, so what it holds then is left out."""
    answer = browser.revoke(subscriber, reason="replaced", **date_fields("1-1-2030"))

    assert answer.status_code == 200
    assert written.entries()[0].invalidity_date is None


@pytest.mark.parametrize(
    ("date", "time", "said"),
    [
        ("24-11-2026", "", {"day": "lies in the future"}),
        ("23-11-2026", "15:04", {"day": "lies in the future"}),
        ("-11-2026", "", {"day": "Fill in the day"}),
        ("11-23-26", "9", {"month": "from 1 to 12", "year": "four digits", "time": "hours and minutes"}),
        ("--", "09:30", {"day": "Fill in the date too"}),
        ("31-11-2026", "", {"day": "does not exist"}),
        ("31-2-2026", "25:00", {"day": "does not exist", "time": "hours and minutes"}),
        ("--", "25:00", {"day": "Fill in the date too", "time": "hours and minutes"}),
        ("29-3-2026", "02:30", {"time": "summer time began"}),
        ("1-1-0001", "", {"year": "four digits"}),
    ],
)
def test_impossible_date_is_explained(
    browser: Browser, subscriber: Subscriber, written: Journal, date: str, time: str, said: dict[str, str]
) -> None:
    """The step comes back with a complaint for each field, the chosen reason and the date; nothing is revoked."""
    answer = browser.answer(subscriber, reason="key-compromise", **date_fields(date, time))

    assert answer.status_code == 422
    summary = re.search(r'<div class="summary".*?</div>', answer.text, re.DOTALL)
    assert summary is not None
    assert re.findall(r'href="#compromised-(\w+)"', summary[0]) == list(said)
    for field, sentence in said.items():
        assert sentence in summary[0]
        assert f'aria-describedby="compromised-{field}-form-error" aria-invalid="true"' in answer.text
        assert f'id="compromised-{field}-form-error"' in answer.text
    for field, value in date_fields(date, time).items():
        assert f'name="{field}" class="figures" value="{value}"' in answer.text
    assert 'value="key-compromise" checked' in answer.text
    assert "<title>Error:" in answer.text
    assert written.entries() == []


def test_date_before_the_certificate_is_asked_about(
    browser: Browser, subscriber: Subscriber, written: Journal, clock: FakeClock
) -> None:
    """A key may be older than its certificate, a typing error is likelier: it is said twice, at each step."""
    assert subscriber.certificate.not_before is not None
    eve = (subscriber.certificate.not_before - timedelta(days=1)).strftime("%d-%m-%Y")
    asked = browser.answer(subscriber, reason="key-compromise", **date_fields(eve))
    assert asked.status_code == 422
    assert 'href="#compromised-older"' in asked.text
    assert "lies before the certificate began, on 23 November 2026" in asked.text
    assert 'type="checkbox" id="compromised-older" name="compromised_older" value="yes" aria' in asked.text

    check = browser.submit({"reason": "key-compromise", **date_fields(eve), "compromised_older": "yes"})
    assert "That is before the certificate began, on 23 November 2026" in check.text
    untold = {key: value for key, value in browser.hidden().items() if key != "compromised_older"}
    assert browser.follow(browser.post(browser.action(), untold)).status_code == 422
    assert written.entries() == []
    browser.get(check.request.path.replace("/check", "/reason"))
    assert 'value="yes" checked' not in browser.seen[-1].text
    clock.advance(timedelta(days=3))
    browser.identify(subscriber.number, subscriber.code)
    assert 'id="compromised-older"' not in browser.seen[-1].text
    after = (subscriber.certificate.not_before + timedelta(days=1)).strftime("%d-%m-%Y")
    assert browser.submit({"reason": "key-compromise", **date_fields(after)}).status_code == 200


def test_draft_of_before_a_mistake_is_not_confirmed(browser: Browser, subscriber: Subscriber) -> None:
    """While something in the answers is wrong, the last step's address shows the question, and no last button."""
    mistaken = browser.answer(subscriber, reason="key-compromise", **date_fields("24-11-2026"))

    check = browser.get(mistaken.request.path.replace("/reason", "/check"))

    assert (check.status_code, 'id="revoke"' in check.text) == (422, False)
    assert "lies in the future" in check.text
