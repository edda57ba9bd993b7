"""Problems of the JSON endpoint: all mistakes at once, where they are, what is left to try, and what the log says."""

import json
import logging
import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from pki_revocation.codes import CodeScheme, new_code
from pki_revocation.config.settings import WebSettings
from pki_revocation.numbers import number_at
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.service import RevocationService
from pki_revocation.web.app import PageServices, create_app
from tests.fakes import FakeClock
from tests.pki_revocation.web.conftest import SESSION_KEY, Journal
from tests.pki_revocation.web.test_api import PATH, post, problem
from tests.subscribers import Subscriber

MISTYPED = "0123-4567-89AB-CDEF"
POLICIES = '"wrong-codes-per-number";q=5;w=900, "wrong-codes";q=30;w=900'


def places(response: TestResponse) -> list[tuple[str, str]]:
    """Each mistake that is told: where it is, and of which kind."""
    return [(each["pointer"], each["type"].rpartition(":")[2]) for each in problem(response)["errors"]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"number": "123456789012", "code": MISTYPED},
            [("#/number", "mistyped-number"), ("#/code", "mistyped-code")],
        ),
        ({}, [("#/number", "unfit-member"), ("#/code", "unfit-member")]),
        (
            {"number": 1, "code": MISTYPED, "reason": "6", "key_compromised_at": "soon", "undo": 1, "K7Q2-9": 1},
            [
                ("#/undo", "unfit-member"),
                ("#", "unfit-member"),
                ("#/number", "unfit-member"),
                ("#/reason", "reason-not-permitted"),
                ("#/key_compromised_at", "unreadable-date"),
                ("#/code", "mistyped-code"),
            ],
        ),
        (
            {"number": "1", "code": [], "reason": "keyCompromise", "key_compromised_at": "2126-01-01T00:00:00Z"},
            [
                ("#/code", "unfit-member"),
                ("#/number", "mistyped-number"),
                ("#/key_compromised_at", "impossible-date"),
            ],
        ),
        (
            {"number": number_at(1), "code": "1", "reason": "superseded", "key_compromised_at": "2020-01-01T00:00:00Z"},
            [("#/code", "mistyped-code"), ("#/key_compromised_at", "impossible-date")],
        ),
        (
            {"number": number_at(1), "code": 1, "compromised_before_certificate": 1, "reason": {}},
            [
                ("#/code", "unfit-member"),
                ("#/compromised_before_certificate", "unfit-member"),
                ("#/reason", "unfit-member"),
            ],
        ),
    ],
)
def test_all_mistakes_are_told_at_once(bare_app: Flask, body: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Each with a JSON pointer (RFC 6901); type, title and detail are the first one's, and no value is repeated."""
    response = post(bare_app, body)

    document = problem(response)
    assert places(response) == expected
    assert response.status_code == 422
    assert document["detail"] == document["errors"][0]["detail"]
    assert document["type"] == document["errors"][0]["type"]
    assert all(value not in response.text for value in (MISTYPED, "K7Q2-9", "soon"))


def test_mistakes_are_told_as_far_as_they_are_read(bare_app: Flask) -> None:
    """An answer does not grow with what is sent."""
    told = places(post(bare_app, {f"a{chr(97 + place // 26)}{chr(97 + place % 26)}": 1 for place in range(300)}))

    assert len(told) == 20


def test_instance_stands_in_the_log_line_of_its_request(
    app: Flask, subscriber: Subscriber, caplog: pytest.LogCaptureFixture
) -> None:
    """What a client quotes is found: with status and kind, and with nothing that was sent."""
    caplog.set_level(logging.INFO)
    other = new_code(CodeScheme.ARGON2ID)
    answers = [
        post(app, {"number": subscriber.number, "code": other}),
        post(app, b"{"),
        app.test_client().put(PATH),
        app.test_client().get("/api/other"),
        app.test_client().get(f"{PATH}/AAAA-BBBB-CCCC", headers={"Authorization": "Bearer secret"}),
    ]

    for answer, line in zip(
        answers,
        [
            f"POST {PATH}: 403 not-recognised",
            f"POST {PATH}: 400 malformed-document",
            "PUT -: 405 method-not-allowed",
            "GET -: 404 not-found",
            f"GET {PATH}/<string(length=14):reference>: 401 invalid-token",
        ],
        strict=True,
    ):
        assert f"{line}, {problem(answer)['instance']}" in caplog.text
    assert "secret" not in caplog.text
    assert subscriber.number not in caplog.text


@pytest.mark.parametrize("which", ["broken_app", "unreachable_app"])
def test_fault_of_ours_is_found_by_its_instance(
    request: pytest.FixtureRequest, subscriber: Subscriber, caplog: pytest.LogCaptureFixture, which: str
) -> None:
    """One error in the log, with the instance that the client was told, and once."""
    answer = post(request.getfixturevalue(which), {"number": subscriber.number, "code": subscriber.code})

    errors = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert problem(answer)["status"] in {500, 503}
    assert len(errors) == 1
    assert problem(answer)["instance"] in errors[0].getMessage()
    assert (errors[0].exc_info is not None) is (which == "broken_app")


def test_help_leads_to_a_page(bare_app: Flask) -> None:
    """As a member and as a link, and the page is there."""
    response = post(bare_app, {})
    address = problem(response)["help"]

    assert response.headers["Link"] == f'<{address}>; rel="help"'
    page = bare_app.test_client().get(address.removeprefix("http://127.0.0.1:8460"))
    assert page.status_code == 200
    assert problem(response)["title"] in page.text


def test_attempts_that_are_left_are_told(app: Flask, subscriber: Subscriber, clock: FakeClock) -> None:
    """In RateLimit each time, and in the document when they are few; a right code uses none (draft, section 4)."""
    told = []
    for _ in range(5):
        answer = post(app, {"number": subscriber.number, "code": new_code(CodeScheme.ARGON2ID)})
        told.append((answer.headers["RateLimit"], problem(answer).get("remaining_attempts")))
        assert answer.headers["RateLimit-Policy"] == POLICIES
    refused = post(app, {"number": subscriber.number, "code": subscriber.code})

    assert told == [
        ('"wrong-codes-per-number";r=4;t=878', None),
        ('"wrong-codes-per-number";r=3;t=878', None),
        ('"wrong-codes-per-number";r=2;t=878', 2),
        ('"wrong-codes-per-number";r=1;t=878', 1),
        ('"wrong-codes-per-number";r=0;t=878', 0),
    ]
    assert refused.status_code == 429
    assert refused.headers["RateLimit"] == f'"wrong-codes-per-number";r=0;t={refused.headers["Retry-After"]}'
    assert refused.headers["RateLimit-Policy"] == POLICIES


def test_limit_of_a_source_is_told_when_it_is_nearer(app: Flask) -> None:
    """After failures at many numbers."""
    answers = [post(app, {"number": number_at(each), "code": new_code(CodeScheme.ARGON2ID)}) for each in range(31)]

    told = [each.headers["RateLimit"] for each in answers]
    assert told[:26] == ['"wrong-codes-per-number";r=4;t=878'] * 26
    assert told[26:30] == [f'"wrong-codes";r={left};t=878' for left in (3, 2, 1, 0)]
    assert (answers[30].status_code, told[30]) == (429, '"wrong-codes";r=0;t=878')


def test_limits_that_were_set_are_those_that_are_told(service: RevocationService, clock: FakeClock) -> None:
    """Not the defaults; with every answer of the endpoint."""
    app = create_app(
        service=service,
        settings=WebSettings(),
        session_key=SESSION_KEY,
        clock=clock,
        services=PageServices(limits=LimitSettings(per_number=7, per_source=70)),
    )

    bodies: tuple[object, ...] = ({}, b"{")
    for body in bodies:
        assert post(app, body).headers["RateLimit-Policy"] == (
            '"wrong-codes-per-number";q=7;w=900, "wrong-codes";q=70;w=900'
        )


@pytest.mark.parametrize("accept", ["text/html", "application/xml;q=1, */*;q=0", "image/*", "", "rubbish;;;q=x"])
def test_no_revocation_fails_for_what_the_client_accepts(
    app: Flask, subscriber: Subscriber, written: Journal, accept: str
) -> None:
    """JSON is the answer to all (RFC 9110 section 12.4.1 lets a server disregard the field)."""
    document = {"number": subscriber.number, "code": subscriber.code}
    answer = app.test_client().post(PATH, json=document, headers={"Accept": accept})

    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert len(written.entries()) == 1


def test_other_media_types_are_told_which_are_taken(bare_app: Flask) -> None:
    """Accept in a 415 (RFC 9110 section 12.5.1)."""
    answer = post(bare_app, b"number=1", "application/x-www-form-urlencoded")

    assert (answer.status_code, answer.headers["Accept"]) == (415, "application/json")


@pytest.mark.parametrize(
    ("path", "methods"),
    [(PATH, {"OPTIONS", "POST"}), (f"{PATH}/AAAA-BBBB-CCCC", {"GET", "HEAD", "OPTIONS"})],
)
def test_allowed_methods_are_told(bare_app: Flask, path: str, methods: set[str]) -> None:
    """With 405 and to OPTIONS alike, which has no body and no kind of one."""
    client = bare_app.test_client()
    refused, options = client.delete(path), client.options(path)

    assert refused.status_code == 405
    assert options.status_code == 200
    assert options.data == b""
    assert "Content-Type" not in options.headers
    for answer in (refused, options):
        assert set(re.findall(r"[A-Z]+", answer.headers["Allow"])) == methods
    assert ("POST" in problem(refused)["detail"]) is ("POST" in methods)


def test_unknown_number_and_wrong_code_are_told_apart_by_nothing(app: Flask, subscriber: Subscriber) -> None:
    """Also by what is left of the attempts, whichever was tried how often."""
    told = []
    for number in (subscriber.number, number_at(999)):
        for _ in range(5):
            answer = post(app, {"number": number, "code": new_code(CodeScheme.ARGON2ID)})
            document = json.loads(answer.text)
            del document["instance"]
            told.append((document, sorted(answer.headers.items())))

    assert told[:5] == told[5:]
