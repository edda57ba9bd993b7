"""What page and endpoint answer to wrong codes: the same for numbers that exist and that do not, and 429 in the end."""

import json

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from pki_revocation.codes import CodeScheme, new_code
from pki_revocation.config.settings import WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import personal_details
from pki_revocation.numbers import number_at
from pki_revocation.rate_limiting.client_address import TrustedProxies
from pki_revocation.rate_limiting.proxy_sightings import recent_sightings
from pki_revocation.rate_limiting.proxy_watch import ProxyWatch
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.service import RevocationService
from pki_revocation.web.app import PageServices, create_app
from tests.fakes import FakeClock
from tests.pki_revocation.web.browser import Browser
from tests.subscribers import Subscriber

UNKNOWN = number_at(987_654)
PER_NUMBER = LimitSettings().per_number


def send(app: Flask, number: str, code: str, headers: dict[str, str] | None = None) -> TestResponse:
    """One request to the endpoint."""
    document = {"number": number, "code": code}
    return app.test_client().post("/api/v1/revocations", json=document, headers=headers or {})


def shown(response: TestResponse) -> tuple[object, ...]:
    """All of an answer that may not differ: status, headers but for their dates, and body but for its own instance."""
    document = json.loads(response.text)
    instance = document.pop("instance")
    assert instance.startswith("urn:uuid:")
    return response.status, sorted(response.headers.items()), document


def test_endpoint_answers_the_same_for_known_and_unknown_numbers(app: Flask, subscriber: Subscriber) -> None:
    """From the first wrong code to the refusal: status, headers and body."""
    answers = [
        [shown(send(app, number, new_code(CodeScheme.ARGON2ID))) for _ in range(PER_NUMBER + 2)]
        for number in (subscriber.number, UNKNOWN)
    ]

    assert answers[0] == answers[1]
    assert [status for status, *_ in answers[0]] == ["403 FORBIDDEN"] * PER_NUMBER + ["429 TOO MANY REQUESTS"] * 2


def test_endpoint_says_when_to_come_again(app: Flask, subscriber: Subscriber) -> None:
    """A problem document with Retry-After (RFC 6585 section 4), that holds no code."""
    for _ in range(PER_NUMBER):
        send(app, subscriber.number, new_code(CodeScheme.ARGON2ID))

    refused = send(app, subscriber.number, subscriber.code)

    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert refused.mimetype == "application/problem+json"
    assert refused.get_json()["type"] == "urn:pki-revocation:problem:too-many-attempts"
    assert subscriber.code not in refused.text


@pytest.mark.parametrize(("language", "says"), [("nl", "over 15 minuten"), ("en", "in 15 minutes")])
def test_page_says_so_in_plain_words(app: Flask, subscriber: Subscriber, language: str, says: str) -> None:
    """And what to do when it is urgent; nothing was revoked."""
    browser = Browser(app, language=language)
    for _ in range(PER_NUMBER - 1):
        assert browser.identify(subscriber.number, new_code(CodeScheme.ARGON2ID)).status_code == 403

    last = browser.identify(subscriber.number, new_code(CodeScheme.ARGON2ID))
    refused = browser.identify(subscriber.number, subscriber.code)

    for each in (last, refused):
        assert each.status_code == 429
        assert int(each.headers["Retry-After"]) > 0
        assert says in each.text


def test_typing_errors_use_up_no_attempt(app: Flask, subscriber: Subscriber) -> None:
    """However many: they are found before anything is looked up."""
    mistyped = subscriber.code[:-1] + ("0" if subscriber.code[-1] != "0" else "1")
    for _ in range(3 * PER_NUMBER):
        assert send(app, subscriber.number, mistyped).status_code == 422

    assert send(app, subscriber.number, subscriber.code).status_code == 200


def test_trusted_proxy_says_who_it_was(
    service: RevocationService, subscriber: Subscriber, clock: FakeClock, database: Database
) -> None:
    """Failures that came through it bind the client behind it, and the audit names that client."""
    proxies = TrustedProxies.from_text("127.0.0.1")
    app = create_app(service=service, settings=WebSettings(), session_key="5e55" * 16, clock=clock, proxies=proxies)
    guessing, other = {"X-Forwarded-For": "203.0.113.5"}, {"X-Forwarded-For": "198.51.100.7"}
    for _ in range(PER_NUMBER):
        send(app, subscriber.number, new_code(CodeScheme.ARGON2ID), guessing)

    assert send(app, subscriber.number, subscriber.code, guessing).status_code == 429
    assert send(app, subscriber.number, subscriber.code, other).status_code == 200
    with database.read() as connection:
        kept = " ".join(connection.execute(select(personal_details.c.detail)).scalars())
    assert "203.0.113.5" in kept
    assert "198.51.100.7" in kept
    assert "127.0.0.1" not in kept


def test_header_of_anybody_else_is_not_believed(app: Flask, subscriber: Subscriber) -> None:
    """Otherwise each request could come from a source of its own."""
    for place in range(PER_NUMBER):
        send(app, subscriber.number, new_code(CodeScheme.ARGON2ID), {"X-Forwarded-For": f"203.0.113.{place}"})

    assert send(app, subscriber.number, subscriber.code, {"X-Forwarded-For": "203.0.113.99"}).status_code == 429


@pytest.mark.parametrize(
    ("trusted", "headers", "seen"),
    [
        ("", {"X-Forwarded-For": "203.0.113.5"}, ["unnamed"]),
        ("", {"Via": "1.1 proxy"}, ["unnamed"]),
        ("", {}, []),
        ("127.0.0.1", {}, ["silent"]),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.5"}, []),
        ("127.0.0.1", {"X-Forwarded-For": "::1%\xff, [[, 1.2.3.4.5"}, []),
        ("127.0.0.1", {"X-Forwarded-For": "1.2.3.4," * 500}, []),
        ("", {"Forwarded": 'for="[', "X-Real-IP": "\xff"}, ["unnamed"]),
    ],
)
def test_page_notices_a_proxy_that_does_not_say_where_from(
    service: RevocationService,
    subscriber: Subscriber,
    clock: FakeClock,
    database: Database,
    trusted: str,
    headers: dict[str, str],
    seen: list[str],
) -> None:
    """Its clients would all be one source: `doctor` finds the row that the page wrote."""
    proxies = TrustedProxies.from_text(trusted)
    watch = ProxyWatch(proxies=proxies, database=database, clock=clock, start=lambda act: act())
    app = create_app(
        service=service,
        settings=WebSettings(),
        session_key="5e55" * 16,
        clock=clock,
        proxies=proxies,
        services=PageServices(proxy_watch=watch),
    )

    assert send(app, subscriber.number, subscriber.code, headers).status_code == 200
    with database.read() as connection:
        assert [each.trouble.value for each in recent_sightings(connection, clock.now())] == seen
