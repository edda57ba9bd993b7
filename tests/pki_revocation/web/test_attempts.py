"""Wrong codes on the page: how many attempts are left, and for how long one has to wait."""

from datetime import timedelta

import pytest
from flask import Flask

from pki_revocation.codes import CodeScheme, new_code
from pki_revocation.config.settings import ContactSettings, WebSettings
from pki_revocation.numbers import grouped, number_at
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.service import RevocationService
from pki_revocation.web.app import PageServices, create_app
from tests.fakes import FakeClock
from tests.pki_revocation.web.browser import Browser
from tests.pki_revocation.web.conftest import SESSION_KEY
from tests.subscribers import Subscriber

PER_NUMBER = LimitSettings().per_number


@pytest.fixture
def app(service: RevocationService, clock: FakeClock) -> Flask:
    """With an emergency number."""
    contact = ContactSettings(phone="070 340 60 20", emergency_phone="088 900 10 00")
    return create_app(
        service=service,
        settings=WebSettings(),
        session_key=SESSION_KEY,
        clock=clock,
        services=PageServices(contact=contact),
    )


@pytest.mark.parametrize("registered", [True, False])
def test_attempts_that_are_left_are_told_and_then_the_minutes(
    browser: Browser, subscriber: Subscriber, clock: FakeClock, *, registered: bool
) -> None:
    """From the third wrong code on; the same for a number that does not exist; then real minutes and the telephone."""
    number = subscriber.number if registered else number_at(987_654)
    told = [browser.identify(number, new_code(CodeScheme.ARGON2ID)) for _ in range(PER_NUMBER)]

    assert [each.status_code for each in told] == [403] * (PER_NUMBER - 1) + [429]
    assert ["You can try" in each.text for each in told] == [False, True, True, True, False]
    assert "You can try 2 more times." in told[2].text
    assert "You can try once more." in told[3].text
    wait = told[-1]
    assert "Try again in 15 minutes." in wait.text
    assert 'href="tel:0889001000"' in wait.text.partition("<footer")[0]
    assert 0 < int(wait.headers["Retry-After"]) <= 15 * 60

    clock.advance(timedelta(minutes=6, seconds=30))
    later = browser.get(wait.request.path)
    assert (later.status_code, "Try again in 9 minutes." in later.text) == (429, True)
    refused = browser.identify(number, subscriber.code)
    assert (refused.status_code, "Try again in 9 minutes." in refused.text) == (429, True)

    clock.advance(timedelta(minutes=9))
    over = browser.get(wait.request.path)
    assert (over.status_code, f'value="{number}"' in over.text.replace(grouped(number), number)) == (200, True)
    if registered:
        assert "Nothing has been revoked yet" in browser.submit({"number": number, "code": subscriber.code}).text
