"""RFC 9110 and RFC 9112 around the requests: versions, pipelining, methods, and heads that are wrong."""

import pytest

from tests.conformance import answers
from tests.conformance.wire import TYPE, Closed, Wire, chunked, request
from tests.vectors.authorities import GOOD, NEVER_ISSUED, REVOKED
from tests.vectors.pieces import cert_id
from tests.vectors.pieces import request as ocsp_request

_GOOD = ocsp_request(cert_id(GOOD))
_PATH = answers.encoded(_GOOD)
_TYPE_LINE = f"Content-Type: {TYPE}"


def _http_1_0(method: str, target: str, body: bytes = b"") -> bytes:
    length = f"{_TYPE_LINE}\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{method} {target} HTTP/1.0\r\n{length}\r\n".encode() + body


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_http_1_0(wire: Wire, method: str) -> None:
    """RFC 9112 C.2.1: no Host, no chunks in the answer, and the connection ends behind it."""
    wire.send(_http_1_0("GET", f"{wire.path}/{_PATH}") if method == "GET" else _http_1_0("POST", wire.path, _GOOD))

    reply = wire.reply()
    assert answers.verdict(reply) == ("good",)
    assert reply.header("Transfer-Encoding") is None
    assert wire.is_closed()


def test_connection_close(wire: Wire) -> None:
    """RFC 9112 section 9.6: whoever asks for the end gets the answer and the end, and is told so."""
    reply = wire.post(_GOOD, "Connection: close")

    assert answers.verdict(reply) == ("good",)
    assert (reply.header("Connection") or "").lower() == "close"
    assert wire.is_closed()


def test_connection_is_kept(wire: Wire) -> None:
    """RFC 9112 section 9.3: many requests over one connection, refusals among them."""
    for _ in range(20):
        assert answers.verdict(wire.post(_GOOD)) == ("good",)
        assert answers.verdict(wire.post(b"\x30\0")) == ("malformedRequest",)
        assert answers.verdict(wire.get(_PATH)) == ("good",)


def test_pipelining(wire: Wire) -> None:
    """RFC 9112 section 9.3.2: answers come in the order of the requests, those that are kept and those that are new,
    whatever is between them.
    """  # noqa: D205 - one clause, two lines
    foreign = b"\x30\0"
    expected: list[tuple[str, ...]] = []
    sent = b""
    for place in range(8):
        serials = (GOOD, REVOKED, NEVER_ISSUED + place)
        for serial, status in zip(serials, ("good", "revoked", "unknown"), strict=True):
            asked = ocsp_request(cert_id(serial))
            way = place % 4
            if way == 0:
                sent += request("POST", wire.path, _TYPE_LINE, body=asked)
            elif way == 1:
                sent += request("GET", f"{wire.path}/{answers.encoded(asked)}")
            elif way == 2:
                sent += request("POST", wire.path, _TYPE_LINE, "Transfer-Encoding: chunked") + chunked(asked)
            else:
                sent += request("POST", wire.path, _TYPE_LINE, body=foreign)
            expected.append((status,) if way < 3 else ("malformedRequest",))
    wire.send(sent)

    assert [answers.verdict(wire.reply()) for _ in expected] == expected


def test_pipelining_many(wire: Wire) -> None:
    """RFC 9112 section 9.3.2: a hundred at once."""
    wire.send(request("GET", f"{wire.path}/{_PATH}") * 100)

    assert [answers.verdict(wire.reply()) for _ in range(100)] == [("good",)] * 100


def test_head_is_get_without_a_body(wire: Wire) -> None:
    """RFC 9110 section 9.3.2: the same headers, the length too, no octet of a body, and the connection goes on."""
    target = f"{wire.path}/{_PATH}"
    get = wire.ask("GET", target)
    for _ in range(2):
        head = wire.ask("HEAD", target)
        assert head.status == 200
        assert head.names() == get.names()
        for name in ("content-type", "content-length", "cache-control"):
            assert head.header(name) == get.header(name)
    assert answers.verdict(wire.ask("GET", target)) == ("good",)


@pytest.mark.parametrize("target", ["/ocsp", "/ocsp/", f"/ocsp/{_PATH}"], ids=["address", "slash", "request"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"])
def test_other_methods_are_405(wire: Wire, method: str, target: str) -> None:
    """RFC 9110 section 15.5.6: 405 says what is allowed, nothing keeps it, and the next request is answered."""
    body = _GOOD if method in {"PUT", "PATCH"} else None
    reply = wire.ask(method, target, _TYPE_LINE, body=body)

    assert reply.status == 405
    assert {each.strip() for each in (reply.header("Allow") or "").split(",")} == {"GET", "HEAD", "POST"}
    assert reply.header("Cache-Control") == "no-store"
    assert answers.verdict(wire.post(_GOOD)) == ("good",)


def test_nonsense_method(wire: Wire) -> None:
    """RFC 9110 section 15.5.6: a method that nobody knows is one that is not allowed."""
    reply = wire.ask("BREW", wire.path)
    assert (reply.status, reply.header("Allow")) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize(
    ("method", "target"), [("OPTIONS", "*"), ("CONNECT", "ocsp.example:443"), ("PUT", "/elsewhere"), ("BREW", "/")]
)
def test_other_methods_are_405_wherever_they_point(wire: Wire, method: str, target: str) -> None:
    """RFC 9110 sections 9.3.6, 9.3.7 and 15.5.6: the asterisk and an authority are targets too."""
    reply = wire.ask(method, target)

    assert (reply.status, reply.header("Allow")) == (405, "GET, HEAD, POST")
    assert reply.header("Cache-Control") == "no-store"


_SMUGGLED = request("GET", "/smuggled")
_AMBIGUOUS = {
    "RFC 9112 6.1: length and chunks": (
        request("POST", "/ocsp", _TYPE_LINE, "Transfer-Encoding: chunked", "Content-Length: 5") + b"0\r\n\r\n"
    ),
    "RFC 9112 6.3: two lengths": request(
        "POST", "/ocsp", _TYPE_LINE, "Content-Length: 3", f"Content-Length: {len(_GOOD)}"
    ),
    "RFC 9112 6.3: a list of lengths": request("POST", "/ocsp", _TYPE_LINE, "Content-Length: 3, 5"),
    "RFC 9112 6.3: length with a sign": request("POST", "/ocsp", _TYPE_LINE, "Content-Length: +3"),
    "RFC 9112 6.3: negative length": request("POST", "/ocsp", _TYPE_LINE, "Content-Length: -3"),
    "RFC 9112 6.3: length in hexadecimal": request("POST", "/ocsp", _TYPE_LINE, "Content-Length: 0x3"),
    "RFC 9112 6.3: endless length": request("POST", "/ocsp", _TYPE_LINE, "Content-Length: " + "9" * 40),
    "RFC 9112 6.1: coding that is unknown": request("POST", "/ocsp", _TYPE_LINE, "Transfer-Encoding: xchunked"),
    "RFC 9112 6.1: chunked not last": request("POST", "/ocsp", _TYPE_LINE, "Transfer-Encoding: chunked, gzip"),
    "RFC 9112 7.1: chunk size that is none": (
        request("POST", "/ocsp", _TYPE_LINE, "Transfer-Encoding: chunked") + b"0x5\r\nabcde\r\n0\r\n\r\n"
    ),
    "RFC 9112 7.1: chunk longer than it says": (
        request("POST", "/ocsp", _TYPE_LINE, "Transfer-Encoding: chunked") + b"1\r\nabcde\r\n0\r\n\r\n"
    ),
    "RFC 9112 5.1: space before the colon": request("GET", f"/ocsp/{_PATH}", "Content-Length : 3"),
    "RFC 9112 5.2: folded header": request("GET", f"/ocsp/{_PATH}", "X-A: b\r\n c"),
    "RFC 9112 2.2: NUL in a header": request("GET", f"/ocsp/{_PATH}", "X-A: b\0c"),
    "RFC 9110 5.5: bare CR in a header": request("GET", f"/ocsp/{_PATH}", "X-A: b\rc"),
    "RFC 9110 5.1: name that is none": request("GET", f"/ocsp/{_PATH}", "X(A): b"),
    "RFC 9112 3.2: no Host": f"GET /ocsp/{_PATH} HTTP/1.1\r\n\r\n".encode(),
    "RFC 9112 3.2: two Hosts": request("GET", f"/ocsp/{_PATH}", "Host: another.example"),
    "RFC 9112 3: no version": f"GET /ocsp/{_PATH}\r\n\r\n".encode(),
    "RFC 9112 2.3: a version to come": f"GET /ocsp/{_PATH} HTTP/3.0\r\nHost: x\r\n\r\n".encode(),
    "RFC 9112 3: space in the target": request("GET", "/ocsp/MFQw MFQw"),
    "RFC 9110 5.4: a head of 1 MB": request("GET", f"/ocsp/{_PATH}", *(f"X-{n}: {'a' * 1000}" for n in range(1000))),
    "TLS": bytes.fromhex("16030100a5010000a10303") + bytes(165),
}


@pytest.mark.parametrize("octets", _AMBIGUOUS.values(), ids=_AMBIGUOUS)
def test_ambiguous_requests_end_the_connection(wire: Wire, octets: bytes) -> None:
    """RFC 9112 sections 6.1 and 11.2: a refusal or nothing, then the end: what follows is never taken for a request."""
    try:
        wire.send(octets + _SMUGGLED)
        reply = wire.reply()
    except (Closed, ConnectionError):
        return

    assert 400 <= reply.status < 500
    assert wire.is_closed()
