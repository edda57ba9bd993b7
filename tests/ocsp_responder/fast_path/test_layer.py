"""The layer in front of Flask: what it answers itself, what it leaves to Flask, and what it keeps."""

import base64
import hashlib
import urllib.parse
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509

from keys.identity import SigningIdentity
from ocsp_responder.config import OcspSettings
from ocsp_responder.http.transport import GET_LIMIT, http_date
from pki_revocation.database.engine import Database
from pki_revocation.encoding.der import explicit, extension, tlv
from pki_revocation.http_server.messages import Request
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.ocsp_responder import answers, messages
from tests.ocsp_responder.fast_path.layers import Asking, Reply, asking

HALF = timedelta(hours=12)


@pytest.fixture
def question(issuer: Issuer, certificate: x509.Certificate) -> bytes:
    """A plain request about the registered certificate."""
    return messages.asked(issuer, certificate.serial_number)


def said(reply: Reply | None) -> Reply:
    """The layer's own reply, with the settled rules of an OCSP answer."""
    assert reply is not None
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/ocsp-response"
    assert int(reply.headers["Content-Length"]) == len(reply.body)
    return reply


def warm(asked: Asking, question: bytes) -> Reply:
    """Have the answer made and kept: on PostgreSQL threads make it first, as Flask would."""
    if asked.post(question) is None:
        asked.patient(question)
        asked.turn()
    return said(asked.post(question))


def test_one_answer_for_all_ways_of_asking(asked: Asking, question: bytes) -> None:
    """POST, and GET in both spellings: the same octets, signed once, with RFC 9919's headers."""
    first = warm(asked, question)
    ways = [asked.post(question), asked.get(question), asked.get(question, escaped=False), asked.get(question)]

    assert {said(way).body for way in ways} == {first.body}
    assert {said(way).headers["ETag"] for way in ways} == {f'"{hashlib.sha256(first.body).hexdigest()}"'}
    assert first.headers["Cache-Control"] == "max-age=300, public, no-transform, must-revalidate"
    assert answers.statuses(first.body) == [answers.GOOD]


def test_date_is_of_sending(asked: Asking, question: bytes, clock: FakeClock) -> None:
    """RFC 9110 section 6.6.1: a kept answer is sent with the present's Date and its own Last-Modified."""
    first = warm(asked, question)
    clock.advance(timedelta(minutes=5))
    later = said(asked.post(question))

    assert later.body == first.body
    assert later.headers["Last-Modified"] == first.headers["Last-Modified"]
    assert later.headers["Date"] == http_date(clock.now())


def test_signed_anew_at_half(asked: Asking, question: bytes, clock: FakeClock) -> None:
    """BR 4.9.10: not a second later than half of the validity."""
    first = warm(asked, question)
    clock.advance(HALF - timedelta(seconds=1))
    assert said(asked.post(question)).body == first.body
    clock.advance(timedelta(seconds=1))
    warm(asked, question)
    (single,) = answers.read(said(asked.post(question)).body).responses
    assert single.this_update_utc == clock.now()


def test_clock_that_goes_back(asked: Asking, question: bytes, clock: FakeClock) -> None:
    """An answer from the future is not sent (RFC 6960 section 4.2.2.1): another one is made."""
    warm(asked, question)
    clock.advance(-timedelta(seconds=30))
    (single,) = answers.read(warm(asked, question).body).responses
    assert single.this_update_utc <= clock.now()


@pytest.mark.parametrize(
    ("tags", "status"),
    [
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"other", {tag}', 304),
        ("*", 304),
        ('"other"', 200),
    ],
)
def test_conditions(asked: Asking, question: bytes, tags: str, status: int) -> None:
    """RFC 9110 section 13.1.2, and of a 304 its headers and no body (section 15.4.5)."""
    tag = warm(asked, question).headers["ETag"]
    reply = asked.get(question, tags=tags.format(tag=tag))

    assert reply is not None
    assert reply.status == status
    assert reply.headers["ETag"] == tag
    if status == 304:
        assert reply.body == b""
        assert "Content-Type" not in reply.headers
        assert {"Cache-Control", "Date", "Expires"} <= set(reply.headers)


def test_head_is_get_without_the_body(asked: Asking, question: bytes) -> None:
    """RFC 9110 section 9.3.2: the same head, its length too, and conditions as well."""
    warm(asked, question)
    target = b"/ocsp/" + base64.b64encode(question)
    whole, head = (asked.ask(Request(each, target, [], b"", http_1_0=False, peer="")) for each in ("GET", "HEAD"))
    assert whole is not None
    assert head is not None
    assert head.headers == whole.headers
    assert (len(whole.body), head.body) == (int(head.headers["Content-Length"]), b"")
    tags = [(b"if-none-match", head.headers["ETag"].encode())]
    unchanged = asked.ask(Request("HEAD", target, tags, b"", http_1_0=False, peer=""))
    assert unchanged is not None
    assert unchanged.status == 304


@pytest.mark.parametrize("nonce", [1, 16, 32, 128])
def test_nonces_are_answered_each_for_itself(
    asked: Asking, issuer: Issuer, certificate: x509.Certificate, nonce: int
) -> None:
    """RFC 9654: signed for this asker, for nobody to keep; the second of two differs."""
    warm(asked, messages.asked(issuer, certificate.serial_number))
    replies = []
    for octet in (1, 2):
        question = messages.asked(issuer, certificate.serial_number, nonce_value=bytes([octet]) * nonce)
        replies.append(said(asked.post(question)))
        assert (
            answers.read(replies[-1].body).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
            == bytes([octet]) * nonce
        )
    assert {reply.headers["Cache-Control"] for reply in replies} == {"no-store"}
    assert replies[0].body != replies[1].body


@pytest.mark.parametrize("spoilt", [b"", b"junk", b"\x30\x80\0\0"])
def test_malformed(asked: Asking, spoilt: bytes) -> None:
    """Five octets, at once."""
    for reply in (said(asked.post(spoilt)), said(asked.get(spoilt)) if spoilt else said(asked.post(spoilt))):
        assert reply.body == answers.MALFORMED_REQUEST
        assert reply.headers["Cache-Control"] == "no-store"


def test_an_error_of_ours_leaves_nobody_waiting(
    asked: Asking, question: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The request that met it gets a bare 500, once, and the next ones their answers."""
    warm(asked, question)

    def fails(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    with monkeypatch.context() as broken:
        broken.setattr(asked.cache, "put", fails)
        reply = asked.post(b"junk")
        assert reply is not None
        assert (reply.status, reply.body) == (500, b"Internal Server Error.\n")
    assert "requests could not be answered" in caplog.messages
    for _ in range(3):
        assert answers.statuses(said(asked.post(question)).body) == [answers.GOOD]


@pytest.mark.parametrize(
    "escape", [str, lambda text: urllib.parse.quote(text, safe="")], ids=["as it is", "percent-encoded"]
)
def test_body_that_spells_a_target(asked: Asking, question: bytes, escape: Callable[[str], str]) -> None:
    """A POST is asked with DER (RFC 6960 A.1), whatever a GET of the same octets would get."""
    warm(asked, question)
    encoded = base64.b64encode(question).decode()
    for way in (False, True):
        said(asked.get(question, escaped=way))
    assert said(asked.post(f"/ocsp/{escape(encoded)}".encode())).body == answers.MALFORMED_REQUEST


def test_unusual_requests_are_left_to_flask(asked: Asking, question: bytes) -> None:
    """Other types, two of them, other places, queries, and targets that are too long."""
    warm(asked, question)
    asked.left.clear()
    asked.post(question, content_type="text/plain")
    asked.post(question, target=b"/elsewhere")
    for method, target in (
        ("HEAD", b"/elsewhere/AAAA"),
        ("GET", b"/elsewhere/AAAA"),
        ("GET", b"/ocsp/AAAA?a=b"),
        ("GET", b"/ocsp/" + b"A" * GET_LIMIT),
    ):
        assert asked.ask(Request(method, target, [], b"", http_1_0=False, peer="")) is None
    twice = [(b"content-type", b"application/ocsp-request")] * 2
    assert asked.ask(Request("POST", b"/ocsp", twice, question, http_1_0=False, peer="")) is None
    assert len(asked.left) == 7


@pytest.mark.parametrize(("method", "target"), [("PUT", b"/ocsp"), ("OPTIONS", b"*"), ("CONNECT", b"x:443")])
def test_other_methods_need_no_thread(asked: Asking, method: str, target: bytes) -> None:
    """RFC 9110 section 15.5.6: 405 and what is allowed, however busy the threads are."""
    reply = asked.ask(Request(method, target, [], b"", http_1_0=False, peer=""))
    assert reply is not None
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD, POST")


def test_other_spellings_are_not_signed_anew(asked: Asking, question: bytes, clock: FakeClock) -> None:
    """A query or a whole address goes to Flask, which answers with what is kept while that may be said."""
    first = warm(asked, question)
    clock.advance(timedelta(seconds=5))
    assert said(asked.post(question)).body == first.body
    assert asked.patient(question).der == first.body
    clock.advance(HALF)
    assert asked.patient(question).der != first.body


@pytest.mark.parametrize(
    ("method", "target", "content_type", "status"),
    [
        ("POST", b"/ocsp", b"application/ocsp-request", 200),
        ("GET", b"/ocsp/MAAA", b"", 200),
        ("HEAD", b"/ocsp/MAAA", b"", 200),
        ("POST", b"/ocsp", b"text/plain", None),
        ("POST", b"/elsewhere", b"application/ocsp-request", None),
        ("GET", b"/elsewhere", b"", None),
        ("PUT", b"/ocsp", b"", None),
    ],
)
def test_question_that_nobody_has_time_for(
    asked: Asking, method: str, target: bytes, content_type: bytes, status: int | None
) -> None:
    """RFC 6960 section 2.3: tryLater, which is an OCSP answer and has status 200; what is no question gets HTTP's."""
    request = Request(method, target, [(b"content-type", content_type)], b"", http_1_0=False, peer="")
    said = asked.layer.when_full(request)

    if status is None:
        assert said is None
    else:
        assert said is not None
        head, body = said
        assert body == answers.TRY_LATER
        assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\n")
        assert b"Cache-Control: no-store\r\n" in head
        assert head.count(b"Date: ") == 1


def test_junk_takes_up_no_room(asked: Asking, issuer: Issuer, certificate: x509.Certificate) -> None:
    """What can be varied without end is answered and not kept."""
    question = messages.asked(issuer, certificate.serial_number)
    warm(asked, question)
    kept = len(asked.cache)
    single = messages.single(messages.cert_id_of(issuer, certificate.serial_number))
    for number in range(50):
        noise = extension(messages.OF_NOBODY, bytes([number]))
        asked.post(messages.ocsp_request(single, extensions=(noise,)))
        asked.post(messages.ocsp_request(single, before=explicit(1, tlv(0x82, b"%d" % number))))
        asked.post(messages.asked(issuer, certificate.serial_number + 1 + number))
        asked.post(b"junk %d" % number)
        asked.ask(Request("GET", b"/ocsp/" + b"/" * number + b"AAAA", [], b"", http_1_0=False, peer=""))
    asked.turn()
    assert len(asked.cache) == kept


def test_slow_keys_sign_in_threads(
    database: Database, issuer: Issuer, delegate: SigningIdentity, clock: FakeClock, question: bytes
) -> None:
    """A key that would hold up the loop is left to threads; what they made is kept all the same."""
    slow = frozenset({issuer.id})
    with asking(database, clock, {issuer: delegate}, settings=OcspSettings(), slow=slow) as asked:
        assert asked.post(question) is None
        made = asked.patient(question)
        asked.turn()
        assert said(asked.post(question)).body == made.der
