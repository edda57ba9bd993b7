"""Drafts: what was answered so far, in the browser, one for each way through the page."""

import json
import re
from datetime import timedelta

from flask import Flask

from pki_revocation.codes import CodeVerifier, grouped
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.web.drafts import MOST_DRAFTS
from pki_revocation.web.tokens import signed_values
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.web.browser import Browser, date_fields
from tests.pki_revocation.web.conftest import SESSION_KEY, Journal
from tests.subscribers import Subscriber, enrol


def cookies(browser: Browser) -> dict[str, str]:
    """The drafts that a browser has."""
    kept = browser.client._cookies or {}  # noqa: SLF001 - what Werkzeug's client has no other way to list
    return {each.key: each.value for each in kept.values() if each.key.startswith("draft-")}


def test_two_ways_at_once_do_not_mix(
    browser: Browser,
    subscriber: Subscriber,
    issuer: Issuer,
    authority: CertificateAuthority,
    database: Database,
    clock: FakeClock,
    verifier: CodeVerifier,
    written: Journal,
) -> None:
    """In two tabs of one browser each step shows and revokes the certificate that its own tab is about."""
    other = enrol(database, issuer, authority.issue("Elders BV", clock.now()), clock, verifier)
    first = browser.answer(subscriber, reason="replaced").request.path
    form = browser.action(), browser.hidden()
    browser.answer(other, reason="stopped")

    assert "Zorg BV" in browser.get(first).text
    assert "It has been replaced" in browser.seen[-1].text
    browser.follow(browser.post(*form))

    assert [entry.serial for entry in written.entries()] == [subscriber.certificate.serial]


def test_last_button_does_what_its_own_page_says(browser: Browser, subscriber: Subscriber, written: Journal) -> None:
    """A change in a second tab of the same way does not reach the page that the first tab shows."""
    check = browser.answer(subscriber, reason="replaced").request.path
    action, fields = browser.action(), browser.hidden()
    browser.get(check.replace("/check", "/reason"))
    browser.submit({"reason": "stopped"})

    browser.follow(browser.post(action, fields))

    assert [entry.reason.token for entry in written.entries()] == ["superseded"]


def test_draft_has_no_code(browser: Browser, subscriber: Subscriber) -> None:
    """Nor what could be one, in whatever field it was typed: neither in the cookie nor in any address."""
    code, found = subscriber.code, list[str]()
    for number, typed in ((code, subscriber.number), (grouped(code), "1"), (subscriber.number, code[:-1])):
        browser.identify(number, typed)
        dates = dict.fromkeys(date_fields("1-1-2026"), code) | {"compromised_time": grouped(code)}
        browser.submit({"reason": code, **dates})
    browser.answer(subscriber, reason="key-compromise", compromised_day=code, compromised_older=code)
    for cookie in cookies(browser).values():
        found.append(json.dumps(signed_values(SESSION_KEY, "draft").loads(cookie)))
    found += [each.request.full_path for each in browser.seen]

    assert len(found) > len(browser.seen)
    for text in found:
        assert code[:6] not in text.upper().replace("-", "")


def test_draft_of_another_key_or_none_begins_anew(
    browser: Browser, app: Flask, subscriber: Subscriber, written: Journal
) -> None:
    """An address of a step that came to another browser, or a cookie that is not ours, opens nothing."""
    check = browser.answer(subscriber, reason="none").request.path
    stranger = Browser(app)
    assert "Zorg BV" in browser.get(check).text
    for forged in (None, "x", signed_values("another" * 8, "draft").dumps([1, "", "", [None] * 6, [], None])):
        if forged is not None:
            stranger.client.set_cookie(f"draft-{check.split('/')[2]}", str(forged))
        for step in ("check", "reason", "number-and-code", "not-revoked"):
            answer = stranger.get(check.replace("/check", f"/{step}"))
            assert answer.status_code == 400
            assert "your browser blocks cookies" in answer.text
            assert "Zorg BV" not in answer.text
            assert 'id="identify"' in answer.text
    assert written.entries() == []


def test_old_drafts_make_room(browser: Browser, subscriber: Subscriber, clock: FakeClock) -> None:
    """A browser keeps few: those touched last, and none for over a week; the head of a request stays small."""
    names = list[str]()
    for _ in range(MOST_DRAFTS + 3):
        names.append(browser.identify(subscriber.number, subscriber.code).request.path.split("/")[2])
        clock.advance(timedelta(seconds=1))
    assert sorted(cookies(browser)) == sorted(f"draft-{name}" for name in names[-MOST_DRAFTS:])
    assert sum(map(len, cookies(browser).values())) < 4096

    clock.advance(timedelta(days=8))
    last = browser.identify(subscriber.number, subscriber.code).request.path.split("/")[2]
    assert [*cookies(browser)] == [f"draft-{last}"]


def test_first_page_leads_back_to_what_was_begun(browser: Browser, subscriber: Subscriber, clock: FakeClock) -> None:
    """After the Back key nothing has to be typed again; half an hour later, or when it is done, nothing is offered."""
    browser.identify(subscriber.number, subscriber.code)
    first = browser.get("/revoke")
    assert "Nothing has been revoked yet" in first.text
    (link,) = re.findall(r'id="go-on" href="([^"]+)"', first.text)
    assert "Zorg BV" in browser.get(link).text
    clock.advance(timedelta(minutes=31))
    assert 'id="go-on"' not in browser.get("/revoke").text

    browser.revoke(subscriber)
    assert 'id="go-on"' not in browser.get("/revoke").text


def test_form_of_the_release_before_is_taken(browser: Browser, subscriber: Subscriber, written: Journal) -> None:
    """Its second step posted ticket and reason to the first address: that leads to the check, and revokes nothing."""
    browser.identify(subscriber.number, subscriber.code)

    check = browser.follow(browser.post("/revoke", {**browser.hidden(), "reason": "replaced"}))

    assert "Check your answers" in check.text
    assert "It has been replaced" in check.text
    assert written.entries() == []


def test_left_page_says_that_nothing_was_revoked(browser: Browser, subscriber: Subscriber) -> None:
    """And leads back; once the certificate is revoked it says that instead."""
    check = browser.answer(subscriber, reason="none")
    (link,) = re.findall(r'id="cancel" class="quiet" href="([^"]+)"', check.text)
    left = browser.get(link)
    assert "Nothing was revoked" in left.text
    assert "zorg-bv.example stays valid" in left.text

    browser.get(check.request.path)
    browser.confirm()

    assert "This certificate is already revoked" in browser.get(link).text
    assert "Nothing was revoked" not in browser.seen[-1].text
