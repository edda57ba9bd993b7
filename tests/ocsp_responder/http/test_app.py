"""The Flask application: paths, methods, bodies and conditions, as a client of HTTP sees them."""

import base64
import hashlib
import urllib.parse
from datetime import timedelta

import pytest
from cryptography import x509
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ocsp_responder.answering.answerer import Answerer
from ocsp_responder.http.app import create_app
from ocsp_responder.http.transport import HttpEndpoint
from pki_revocation.model import Issuer
from pki_revocation.service import RevocationService
from tests.fakes import FakeClock
from tests.ocsp_responder import answers, messages, registers
from tests.ocsp_responder.responders import MAX_AGE

REQUEST_TYPE = "application/ocsp-request"


@pytest.fixture
def question(issuer: Issuer, certificate: x509.Certificate) -> bytes:
    """A question about the registered certificate."""
    return messages.asked(issuer, certificate.serial_number)


def in_path(client: FlaskClient, path: str) -> TestResponse:
    """GET a path as a server hands it over: percent-decoded once, slashes kept."""
    environ = {"PATH_INFO": urllib.parse.unquote(path)}
    return client.get("/", environ_overrides=environ)


def post(client: FlaskClient, body: bytes, content_type: str | None = REQUEST_TYPE) -> TestResponse:
    """POST a body."""
    return client.post("/ocsp", data=body, content_type=content_type)


def refused(response: TestResponse) -> bytes:
    """An OCSP refusal: 200, no-store, five octets (RFC 6960 A.2, RFC 9919 section 7.2)."""
    assert response.status_code == 200
    assert response.content_type == "application/ocsp-response"
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers
    body: bytes = response.data
    assert response.content_length == len(body) == 5
    return body


def test_post(client: FlaskClient, question: bytes) -> None:
    """RFC 6960 A.1 and A.2: type, exact length, and a good answer (O02, O03, O04)."""
    response = post(client, question)

    assert response.status_code == 200
    assert response.content_type == "application/ocsp-response"
    assert response.content_length == len(response.data)
    assert answers.statuses(response.data) == [answers.GOOD]


@pytest.mark.parametrize("quoted", [True, False], ids=["percent-encoded", "raw"])
@pytest.mark.parametrize("front", ["/ocsp/", "/ocsp//", "/ocsp///", "//ocsp/"])
def test_get(client: FlaskClient, question: bytes, front: str, *, quoted: bool) -> None:
    """RFC 6960 A.1, and the slashes that clients make by joining addresses (O01)."""
    encoded = base64.b64encode(question).decode()

    response = in_path(client, front + (urllib.parse.quote(encoded, safe="") if quoted else encoded))

    assert response.status_code == 200
    assert answers.statuses(response.data) == [answers.GOOD]


@pytest.mark.parametrize("hole", ["//", "/", "+", "="])
def test_get_with_difficult_letters(bare: FlaskClient, ca: Issuer, hole: str) -> None:
    """Slashes, doubled ones too, plus and padding inside the base64, raw, encoded, and as a space."""
    for endpoint in range(1, 5000):
        encoded = base64.b64encode(messages.asked(ca, 1 << 126 | endpoint * 0xF1EBFF3FBFFFFF)).decode()
        if hole in encoded and (hole == "=" or "/" not in encoded[:2]):
            break
    else:
        pytest.fail(f"no request holds {hole}")

    for path in (encoded, urllib.parse.quote(encoded, safe=""), encoded.replace("+", " ")):
        assert answers.statuses(in_path(bare, f"/ocsp/{path}").data) == [answers.GOOD]


def test_head_is_get_without_a_body(client: FlaskClient, question: bytes) -> None:
    """RFC 9110 section 9.3.2: the same headers."""
    path = "/ocsp/" + urllib.parse.quote(base64.b64encode(question), safe="")

    head, get = client.head(path), client.get(path)

    assert head.data == b""
    assert head.headers["Cache-Control"] == get.headers["Cache-Control"]
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize("path", ["/ocsp", "/ocsp/", "/ocsp/AAAA", "/ocsp/%FF", "/ocsp/favicon.ico", "/ocsp/%25zz"])
def test_get_of_no_request_is_malformed(bare: FlaskClient, path: str) -> None:
    """No server error and no page: the OCSP answer (O23)."""
    assert refused(bare.get(path)) == answers.MALFORMED_REQUEST


@pytest.mark.parametrize("body", [b"", b"\0", b"0" * 64 * 1024], ids=["empty", "junk", "64 kB"])
def test_post_of_no_request_is_malformed(bare: FlaskClient, body: bytes) -> None:
    """The same for bodies, up to the longest that is taken."""
    assert refused(post(bare, body)) == answers.MALFORMED_REQUEST


def test_foreign_issuer_is_unauthorized(bare: FlaskClient) -> None:
    """RFC 9919 section 3.2.3 (O09)."""
    question = messages.ocsp_request(messages.single(messages.cert_id()))

    assert refused(post(bare, question)) == answers.UNAUTHORIZED


@pytest.mark.parametrize("path", ["/ocsp", "/ocsp/", "/ocsp/MFQw"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_not_allowed(bare: FlaskClient, path: str, method: str) -> None:
    """RFC 9110 section 15.5.6: 405 says what is."""
    response = bare.open(path, method=method)

    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/ocsp/", "/ocsp//", "/ocsp/MFQw"])
def test_post_is_its_body_alone(bare: FlaskClient, ca: Issuer, path: str) -> None:
    """What a client has appended to the address changes nothing."""
    response = bare.post(path, data=messages.asked(ca, 5), content_type=REQUEST_TYPE)

    assert answers.statuses(response.data) == [answers.GOOD]


def test_elsewhere_is_nothing(bare: FlaskClient) -> None:
    """404 in one line, without a page."""
    for path in ("/elsewhere", "/", "/ocspMFQw", "/ocs//p"):
        response = bare.get(path)
        assert (response.status_code, response.data) == (404, b"Not Found.\n")


@pytest.mark.parametrize("content_type", [None, "application/octet-stream", "multipart/form-data; boundary=x"])
def test_other_types_are_415(bare: FlaskClient, content_type: str | None) -> None:
    """RFC 9110 section 15.5.16 (O02)."""
    assert post(bare, b"", content_type).status_code == 415


def test_type_may_have_parameters(client: FlaskClient, question: bytes) -> None:
    """Clients send a charset with it."""
    response = post(client, question, f"{REQUEST_TYPE}; charset=utf-8")

    assert answers.statuses(response.data) == [answers.GOOD]


@pytest.mark.parametrize("size", [64 * 1024 + 1, 1 << 20])
def test_longer_bodies_are_413(bare: FlaskClient, size: int) -> None:
    """RFC 9110 section 15.5.14: beyond 64 kB nothing is read (O23)."""
    assert post(bare, b"0" * size).status_code == 413


def test_longer_paths_are_414(bare: FlaskClient) -> None:
    """RFC 9110 section 15.5.15: beyond 4 kB; up to there it is an OCSP answer."""
    assert bare.get("/ocsp/" + "A" * 4097).status_code == 414
    assert refused(bare.get("/ocsp/" + "A" * 4096)) == answers.MALFORMED_REQUEST


def test_caching_headers(client: FlaskClient, question: bytes, clock: FakeClock) -> None:
    """RFC 9919 section 7.2, on GET and on POST (O26, O27)."""
    path = "/ocsp/" + urllib.parse.quote(base64.b64encode(question), safe="")
    for response in (client.get(path), post(client, question)):
        assert response.headers["Cache-Control"] == "max-age=300, public, no-transform, must-revalidate"
        assert response.headers["ETag"] == f'"{hashlib.sha256(response.data).hexdigest()}"'
        assert response.date == response.last_modified == clock.now()
        assert response.expires == clock.now() + timedelta(hours=24)
        assert "Pragma" not in response.headers


@pytest.mark.parametrize("case", ["nonce", "unknown"])
def test_nobody_keeps_answers_to_a_nonce_or_unknown(
    client: FlaskClient, issuer: Issuer, certificate: x509.Certificate, case: str
) -> None:
    """An answer to a nonce is its asker's (O19), and an unknown serial may be known the next moment."""
    nonce = b"n" * 32 if case == "nonce" else None
    response = post(client, messages.asked(issuer, certificate.serial_number if nonce else 7, nonce_value=nonce))

    assert response.headers["Cache-Control"] == "no-store"
    assert not {"ETag", "Expires", "Last-Modified"} & set(response.headers.keys())


def test_304_until_the_answer_changes(
    client: FlaskClient,
    question: bytes,
    issuer: Issuer,
    certificate: x509.Certificate,
    service: RevocationService,
) -> None:
    """The tag decides and no date does: a revocation within the same second is a new answer (RFC 9110 13.1.2)."""
    path = "/ocsp/" + urllib.parse.quote(base64.b64encode(question), safe="")
    # ECDSA signs differently each time; the tag of an answer that is sent again is for the cache to come.
    first = client.get(path)
    assert first.status_code == 200

    registers.revoke(service, issuer, certificate.serial_number)

    condition = {"If-None-Match": first.headers["ETag"], "If-Modified-Since": first.headers["Last-Modified"]}
    second = client.get(path, headers=condition)
    assert second.status_code == 200
    assert answers.statuses(second.data) == [answers.REVOKED]
    third = client.get(path, headers={"If-None-Match": "*"})
    assert (third.status_code, third.data) == (304, b"")
    assert "ETag" in third.headers
    assert "Content-Type" not in third.headers


def test_address_without_a_path(answerer: Answerer, clock: FakeClock, question: bytes) -> None:
    """A responder on a host of its own answers at the root."""
    client = create_app(answerer.answer, clock=clock, endpoint=HttpEndpoint(path="", max_age=MAX_AGE)).test_client()
    encoded = base64.b64encode(question).decode()

    posted = client.post("/", data=question, content_type=REQUEST_TYPE)
    assert answers.statuses(posted.data) == [answers.GOOD]
    for front in ("/", "//"):
        assert answers.statuses(in_path(client, front + encoded).data) == [answers.GOOD]
