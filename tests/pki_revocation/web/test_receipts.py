"""Receipts: the confirmation again, for thirty days, for whoever has its address."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from tests.fakes import FakeClock
from tests.pki_revocation.web.browser import Browser
from tests.subscribers import Subscriber


@pytest.fixture
def address(browser: Browser, subscriber: Subscriber) -> str:
    """The address that stands on the confirmation."""
    confirmation = browser.revoke(subscriber, reason="replaced")
    (found,) = re.findall(r'id="receipt" href="http://127\.0\.0\.1:8460(/receipt/[\w.-]+)"', confirmation.text)
    return str(found)


def test_receipt_shows_the_confirmation_again(browser: Browser, address: str, clock: FakeClock) -> None:
    """The same page, in either language, kept by nobody on the way."""
    shown = browser.seen[-1].text
    clock.advance(timedelta(days=30))

    receipt = browser.get(address)

    assert receipt.status_code == 200
    # All but the moment of the look is the same.
    assert _without_the_look(receipt.text) == _without_the_look(shown)
    assert receipt.headers["Cache-Control"] == "no-store"
    assert "Het certificaat is ingetrokken" in browser.get(f"{address}?lang=nl").text


def test_receipt_is_gone_after_thirty_days(browser: Browser, address: str, clock: FakeClock) -> None:
    """From then on the page says so in plain words."""
    clock.advance(timedelta(days=30, seconds=1))

    gone = browser.get(address)

    assert gone.status_code == 410
    assert "can be read for 30 days" in gone.text


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


def _without_the_look(page: str) -> str:
    return re.sub(r'class="looked">[^<]*<', "<", page)
