"""What becomes of the choice of a subscriber whose certificate another has revoked meanwhile: it is said."""

from datetime import timedelta

from flask import Flask

from tests.fakes import FakeClock
from tests.pki_revocation.web.browser import Browser, date_fields
from tests.pki_revocation.web.conftest import Journal
from tests.subscribers import Subscriber

NOT_RECORDED = (
    "The certificate was revoked already, on Monday 23 November 2026 at 15:03:22. Your reason or date was not"
)


def test_choice_that_was_not_recorded_is_said_to_be_so(
    browser: Browser, app: Flask, subscriber: Subscriber, written: Journal, clock: FakeClock
) -> None:
    """On the confirmation, at each reload, and on the Back key's page; not to others who open the same address."""
    browser.answer(subscriber, reason="replaced")
    colleague = Browser(app)
    colleague.revoke(subscriber)
    clock.advance(timedelta(minutes=2))

    told = browser.confirm()

    assert len(written.entries()) == 1
    for page in (told, browser.get(told.request.path)):
        assert NOT_RECORDED in page.text
        assert "No reason given" in page.text
    assert 'id="not-recorded"' not in colleague.get(told.request.path).text
    back = browser.seen[-4].request.path
    assert back.endswith("/check")
    assert NOT_RECORDED in browser.get(back).text


def test_same_choice_again_is_told_to_be_a_repeat(
    browser: Browser, app: Flask, subscriber: Subscriber, clock: FakeClock
) -> None:
    """Nothing is missing, but it was not this click that revoked; a double click is told nothing of the kind."""
    browser.answer(subscriber, reason="replaced")
    Browser(app).revoke(subscriber, reason="replaced")
    clock.advance(timedelta(minutes=2))

    told = browser.confirm()

    assert 'id="repeated"' in told.text
    assert 'id="not-recorded"' not in told.text


def test_check_of_what_was_revoked_meanwhile_says_so(
    browser: Browser, app: Flask, subscriber: Subscriber, written: Journal
) -> None:
    """A reload of the last step shows that it is revoked, and that what was chosen is not recorded."""
    check = browser.answer(subscriber, reason="replaced").request.path
    Browser(app).revoke(subscriber, reason="stopped")

    told = browser.get(check)

    assert "This certificate is already revoked" in told.text
    assert NOT_RECORDED in told.text
    assert 'id="revoke"' not in told.text


def test_key_compromise_meanwhile_is_asked_about_once_more(
    browser: Browser, app: Flask, subscriber: Subscriber, written: Journal
) -> None:
    """The reason that may be added is: the same answers stand on the check of an addition."""
    check = browser.answer(subscriber, reason="key-compromise", **date_fields("23-11-2026", "15:00")).request.path
    Browser(app).revoke(subscriber, reason="stopped")

    assert 'id="add-compromise"' in browser.get(check).text
    assert "The certificate is no longer used" in browser.seen[-1].text
    assert "The reason has been added" in browser.confirm().text
    assert [entry.reason.token for entry in written.entries()] == ["cessationOfOperation", "keyCompromise"]


def test_own_confirmation_says_nothing_of_repeats(browser: Browser, subscriber: Subscriber) -> None:
    """Neither at once nor on the Back key's page, where the choice is the one that is recorded."""
    check = browser.answer(subscriber, reason="replaced").request.path
    told = browser.confirm()
    back = browser.get(check)

    assert "This certificate is already revoked" in back.text
    for page in (told, back):
        assert 'id="not-recorded"' not in page.text
        assert 'id="repeated"' not in page.text
