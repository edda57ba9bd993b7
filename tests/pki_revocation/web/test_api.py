"""The JSON endpoint: its answer, its problems, and that nothing sent to it makes it fall over."""

import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from pki_revocation.codes import CodeScheme, CodeVerifier, new_code
from pki_revocation.database.engine import Database
from pki_revocation.model import Channel, Issuer, serial_text
from pki_revocation.numbers import grouped, number_at
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.web.conftest import Journal
from tests.subscribers import Subscriber, enrol

PATH = "/api/v1/revocations"


def post(app: Flask, body: object, content_type: str = "application/json") -> TestResponse:
    """Send a body: octets as they are, anything else as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return app.test_client().post(PATH, data=data, content_type=content_type)


def problem(response: TestResponse) -> dict[str, Any]:
    """The problem document, after what RFC 9457 says of every one."""
    assert response.mimetype == "application/problem+json"
    document: dict[str, Any] = json.loads(response.data)
    assert document.keys() - {"errors", "remaining_attempts"} == {
        "type", "title", "status", "detail", "instance", "help",
    }  # fmt: skip
    assert document["status"] == response.status_code
    assert document["type"].startswith("urn:pki-revocation:problem:")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", document["instance"])
    return document


def test_number_and_code_revoke(app: Flask, subscriber: Subscriber, written: Journal) -> None:
    """One request revokes, and its answer has the contract's members first, and those that came later behind them."""
    response = post(app, {"number": subscriber.number, "code": subscriber.code, "reason": "superseded"})

    (entry,) = written.entries()
    answer = response.get_json()
    receipt, token = answer.pop("receipt_url"), answer.pop("status_token")
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    assert answer == {
        "status": "revoked",
        "serial": serial_text(subscriber.certificate.serial),
        "issuer": "issuing",
        "revoked_at": "2026-11-23T14:03:22Z",
        "reason": "superseded",
        "reference": entry.reference,
        "sequence": 1,
        "first_reference": entry.reference,
        "key_compromised_at": None,
        "compromised_before_certificate": False,
        "subject": subscriber.certificate.subject,
        "issuer_dn": "CN=Demo Zorgverzekeraars CA,C=NL",
        "receipt_pdf": None,
        "repeated": False,
        "not_recorded": None,
        "status_url": f"http://127.0.0.1:8460{PATH}/{entry.reference}",
    }
    assert response.headers["Location"] == answer["status_url"]
    assert receipt == f"http://127.0.0.1:8460/receipt/{token}"
    assert app.test_client().get(receipt.removeprefix("http://127.0.0.1:8460")).status_code == 200
    assert entry.channel is Channel.API


def test_repeat_gets_the_same_answer(app: Flask, subscriber: Subscriber, written: Journal, clock: FakeClock) -> None:
    """The same request later is answered alike, but for the word that it was one, and makes no second row."""
    request = {"number": grouped(subscriber.number), "code": subscriber.code.lower()}
    first = post(app, request, "application/json; charset=utf-8")
    clock.advance(timedelta(hours=2))
    again = post(app, request)

    assert first.get_json()["reason"] is None
    assert (first.get_json()["repeated"], again.get_json()["repeated"]) == (False, True)
    assert again.get_json() == first.get_json() | {"repeated": True}
    assert (again.status_code, again.headers["Location"]) == (200, first.headers["Location"])
    assert len(written.entries()) == 1


@pytest.mark.parametrize(
    ("moment", "since"),
    [
        ("2026-11-23T14:30:00+01:00", datetime(2026, 11, 23, 13, 30, tzinfo=UTC)),
        ("2026-11-23T13:30:00.999Z", datetime(2026, 11, 23, 13, 30, tzinfo=UTC)),
        ("2026-11-23T13:03:22Z", datetime(2026, 11, 23, 13, 3, 22, tzinfo=UTC)),
        (None, None),
    ],
)
def test_key_compromise_may_have_a_date(
    app: Flask, subscriber: Subscriber, written: Journal, moment: str | None, since: datetime | None
) -> None:
    """An ISO 8601 moment with its zone becomes the invalidity date, in whole seconds."""
    request = {"number": subscriber.number, "code": subscriber.code, "reason": "keyCompromise"}
    response = post(app, {**request, "key_compromised_at": moment})

    assert response.get_json()["reason"] == "keyCompromise"
    assert written.entries()[0].invalidity_date == since


@pytest.mark.parametrize(
    ("change", "status", "name", "said"),
    [
        ({"number": "123456789012"}, 422, "mistyped-number", "The number has a typing error"),
        ({"number": ""}, 422, "mistyped-number", "The number has a typing error"),
        ({"number": "\ud800"}, 422, "mistyped-number", "The number has a typing error"),
        ({"code": "0123-4567-89AB-CDEF"}, 422, "mistyped-code", "The revocation code has a typing error"),
        ({"reason": "privilegeWithdrawn"}, 422, "reason-not-permitted", "keyCompromise"),
        ({"reason": "certificateHold"}, 422, "reason-not-permitted", "superseded"),
        ({"reason": "removeFromCRL"}, 422, "reason-not-permitted", "reason"),
        ({"reason": "6"}, 422, "reason-not-permitted", "reason"),
        ({"reason": 4}, 422, "unfit-member", "The member reason is not a string."),
        ({"number": None}, 422, "unfit-member", "The member number is not a string."),
        ({"code": ["a"]}, 422, "unfit-member", "The member code is not a string."),
        ({"undo": True}, 422, "unfit-member", "The member undo is not known"),
        ({"compromised_before_certificate": "yes"}, 422, "unfit-member", "is not true or false"),
        ({"K7Q2-9": 1}, 422, "unfit-member", "A member of the document is not known"),
        ({"key_compromised_at": "2026-11-20T10:00:00Z"}, 422, "impossible-date", "keyCompromise"),
        (
            {"reason": "keyCompromise", "key_compromised_at": "2026-11-23T14:03:23Z"},
            422,
            "impossible-date",
            "future",
        ),
        ({"key_compromised_at": "2026-11-20T10:00:00"}, 422, "unreadable-date", "time zone"),
        ({"key_compromised_at": "0001-01-01T00:00:00+05:00"}, 422, "unreadable-date", "1950"),
        ({"key_compromised_at": "9999-12-31T23:59:59-05:00"}, 422, "unreadable-date", "time zone"),
        ({"key_compromised_at": "soon"}, 422, "unreadable-date", "time zone"),
    ],
)
def test_problem_is_one_sentence_about_one_member(
    app: Flask, subscriber: Subscriber, written: Journal, change: dict[str, Any], status: int, name: str, said: str
) -> None:
    """What cannot be taken is refused with its own type, names the member, and revokes nothing."""
    response = post(app, {"number": subscriber.number, "code": subscriber.code, **change})

    document = problem(response)
    assert (response.status_code, document["type"]) == (status, f"urn:pki-revocation:problem:{name}")
    assert said in document["detail"]
    assert [each["detail"] for each in document["errors"]] == [document["detail"]]
    assert subscriber.code not in response.text
    assert written.entries() == []


@pytest.mark.parametrize("missing", ["number", "code"])
def test_missing_member_is_named(app: Flask, subscriber: Subscriber, missing: str) -> None:
    """Number and code must both be there."""
    request = {"number": subscriber.number, "code": subscriber.code}
    del request[missing]
    response = post(app, request)

    assert response.status_code == 422
    assert problem(response)["detail"] == f"The member {missing} is missing."


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON: see line 1"),
        (b"{", "not JSON: see line 1, column 2"),
        (b'"number"', "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b'{"number":"1","number":"2"}', "The member number stands twice"),
        (b'{"number":NaN}', "NaN"),
        (b'{"number":-Infinity}', "NaN or Infinity"),
        (b"[" * 4000, "nested too deeply"),
        (b'{"number":"\xff"}', "not UTF-8"),
        (b'\xef\xbb\xbf{"number":"1"}', "not JSON"),
        ('{"number":"1"}'.encode("utf-16"), "not UTF-8"),
    ],
)
def test_malformed_body_is_told_apart(bare_app: Flask, body: bytes, said: str) -> None:
    """What is not one unambiguous JSON object in UTF-8 is a 400 that says why (RFC 8259, RFC 7493)."""
    response = post(bare_app, body)

    assert response.status_code == 400
    assert said in problem(response)["detail"]


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "text/json", ""]
)
def test_other_media_types_are_refused(app: Flask, subscriber: Subscriber, written: Journal, content_type: str) -> None:
    """Only JSON is taken: a form on another site cannot send that without asking first."""
    response = post(app, {"number": subscriber.number, "code": subscriber.code}, content_type)

    assert response.status_code == 415
    assert "application/json" in problem(response)["detail"]
    assert written.entries() == []


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused(bare_app: Flask, method: str) -> None:
    """Only POST revokes, and Allow says so."""
    response = bare_app.test_client().open(PATH, method=method)

    assert problem(response)["status"] == 405
    assert "POST" in response.headers["Allow"]


def test_body_is_limited(bare_app: Flask) -> None:
    """Four kilobytes are enough for everything that may be asked."""
    assert problem(post(bare_app, {"number": "1" * 4096}))["status"] == 413


def test_other_addresses_below_api_are_problems_too(bare_app: Flask) -> None:
    """A wrong address gets a document that names the right one."""
    response = bare_app.test_client().post("/api/v2/revocations", json={})

    assert response.status_code == 404
    assert PATH in problem(response)["detail"]


def test_unknown_number_and_wrong_code_get_the_same_answer(
    app: Flask, subscriber: Subscriber, verifier: CodeVerifier
) -> None:
    """Status, headers, length and every member but *instance* are alike (ASVS 6.3.8)."""
    other = new_code(verifier.scheme)
    answers = []
    for number in (subscriber.number, number_at(999)):
        response = post(app, {"number": number, "code": other})
        document = problem(response)
        del document["instance"]
        answers.append((response.status_code, sorted(response.headers.items()), document))

    assert answers[0] == answers[1]
    assert answers[0][0] == 403


def test_expired_certificate_is_a_conflict(app: Flask, subscriber: Subscriber, clock: FakeClock) -> None:
    """After notAfter a right code gets the truth, and nothing is revoked."""
    clock.advance(timedelta(days=366))
    response = post(app, {"number": subscriber.number, "code": subscriber.code})

    assert response.status_code == 409
    assert "2027-11-23T14:03:22Z" in problem(response)["detail"]


def test_no_cookies_are_used(app: Flask, subscriber: Subscriber) -> None:
    """The endpoint sets none, so that nothing of it can be ridden on."""
    for request in ({"number": subscriber.number, "code": subscriber.code}, {}):
        assert "Set-Cookie" not in post(app, request).headers


def test_outage_says_when_to_come_back(unreachable_app: Flask, verifier: CodeVerifier) -> None:
    """While the register does not answer: 503 and Retry-After, and nothing about our inside."""
    response = post(unreachable_app, {"number": number_at(1), "code": new_code(verifier.scheme)})

    assert problem(response)["status"] == 503
    assert int(response.headers["Retry-After"]) > 0
    assert "revocation.db" not in response.text


def test_mistake_of_ours_says_nothing_of_itself(broken_app: Flask, subscriber: Subscriber, written: Journal) -> None:
    """An error that nobody foresaw is a problem document with status 500, and nothing was written."""
    response = post(broken_app, {"number": subscriber.number, "code": subscriber.code})

    assert problem(response)["status"] == 500
    assert "secret inside" not in response.text
    assert written.entries() == []


@pytest.mark.parametrize(
    "misplace",
    [
        lambda code: {"reason": code},
        lambda code: {"number": code},
        lambda code: {"code": code + "0"},
        lambda code: {"key_compromised_at": code},
        lambda code: {code: "reason"},
        lambda code: {"reason": [code]},
    ],
    ids=["reason", "number", "longer code", "date", "member", "list"],
)
def test_code_in_the_wrong_place_is_not_repeated(
    bare_app: Flask, misplace: Callable[[str], dict[str, object]], caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal names members and never repeats their values; neither does the log."""
    caplog.set_level(logging.DEBUG)
    code = new_code(CodeScheme.ARGON2ID)
    response = post(bare_app, {"number": number_at(1), "code": code, **misplace(code)})

    assert problem(response)["status"] == 422
    assert code not in response.text
    assert code not in caplog.text


def test_two_hundred_right_codes_in_a_row_are_all_taken(
    app: Flask,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    verifier: CodeVerifier,
) -> None:
    """A desk that revokes hundreds from one address is neither refused nor told to wait."""
    long_codes = CodeVerifier(verifier.pepper, CodeScheme.KEYED_HASH)
    statuses = []
    for place in range(200):
        each = enrol(database, issuer, authority.issue(f"Zorg {place}", clock.now()), clock, long_codes)
        answer = app.test_client().post(PATH, json={"number": each.number, "code": each.code})
        statuses.append(answer.status_code)

    assert statuses == [200] * 200


@pytest.mark.parametrize("length", [40, 400])
def test_request_that_was_cut_off_revokes_nothing(
    app: Flask, subscriber: Subscriber, written: Journal, length: int
) -> None:
    """A body shorter than its Content-Length is incomplete, even when it reads as whole (RFC 9112 section 8)."""
    body = json.dumps({"number": subscriber.number, "code": subscriber.code}).encode()
    # As under the production server, which leaves it to the application to compare.
    environ = {
        "CONTENT_LENGTH": str(len(body) + length),
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
    }
    answer = app.test_client().post(PATH, environ_overrides=environ, content_type="application/json")

    assert problem(answer)["status"] == 400
    assert written.entries() == []


def test_chunked_request_over_the_limit_revokes_nothing(app: Flask, subscriber: Subscriber, written: Journal) -> None:
    """Without a Content-Length, what lies behind the limit counts too."""
    body = json.dumps({"number": subscriber.number, "code": subscriber.code}).encode().ljust(4096) + b"garbage"
    environ = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True}
    client = app.test_client()
    answer = client.post(
        PATH, environ_overrides=environ, content_type="application/json", headers={"Transfer-Encoding": "chunked"}
    )

    assert problem(answer)["status"] == 413
    assert written.entries() == []
