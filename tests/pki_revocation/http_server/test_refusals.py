"""What the server refuses by itself: one line of text, nothing to keep, and the end of the connection."""

import logging
from collections.abc import Iterator

import pytest

from pki_revocation.http_server.limits import Limits
from tests.conformance.wire import request
from tests.pki_revocation.http_server.servers import Serving, serving

LIMITS = Limits(target=200, head=1000, header_lines=10, body=100)


@pytest.fixture(scope="module")
def served() -> Iterator[Serving]:
    """One with small limits."""
    with serving(limits=LIMITS) as running:
        yield running


def chunked(octets: bytes) -> bytes:
    """A POST with a body in chunks."""
    return request("POST", "/", "Transfer-Encoding: chunked") + octets


REFUSED = {
    "RFC 9112 3: no request": (b"\x16\x03\x01\x00\xa5\x01\x00", 400),
    "RFC 9112 3.2: no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "RFC 9112 3.2: two Hosts": (request("GET", "/", "Host: other.example"), 400),
    "RFC 9112 3.2: a Host that is none": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "RFC 9112 3.2: a Host with a user": (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
    "RFC 9112 5.1: space before the colon": (request("GET", "/", "X-A : b"), 400),
    "RFC 9112 5.2: a folded line": (request("GET", "/", "X-A: b\r\n c"), 400),
    "RFC 9110 5.5: NUL": (request("GET", "/", "X-A: b\0c"), 400),
    "RFC 9110 5.5: a bare CR": (request("GET", "/", "X-A: b\rc"), 400),
    "RFC 9112 6.1: length beside chunks": (
        request("POST", "/", "Transfer-Encoding: chunked", "Content-Length: 3") + b"0\r\n\r\n",
        400,
    ),
    "RFC 9112 6.3: two lengths": (request("POST", "/", "Content-Length: 3", "Content-Length: 4"), 400),
    "RFC 9112 6.1: chunks in HTTP/1.0": (
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "RFC 9112 7.1: a chunk's size that is none": (chunked(b"zz\r\n"), 400),
    "RFC 9110 15.5.14: a length beyond the limit": (request("POST", "/", "Content-Length: 101"), 413),
    "RFC 9110 15.5.14: chunks beyond the limit": (chunked(b"40\r\n" + b"x" * 64 + b"\r\n25\r\n" + b"x" * 37), 413),
    "RFC 9110 15.5.15: a long target": (request("GET", "/" + "a" * 200), 414),
    "RFC 9110 15.5.15: a target without end": (b"GET /" + b"a" * 300, 414),
    "RFC 9110 15.5.18: another expectation": (request("POST", "/", "Expect: 200-ok", body=b"x"), 417),
    "RFC 6585 5: a long line": (request("GET", "/", f"X-A: {'a' * 1000}"), 431),
    "RFC 6585 5: many lines": (request("GET", "/", *(f"X-{n}: a" for n in range(10))), 431),
    "RFC 6585 5: a line without end": (b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 1300, 431),
    "RFC 6585 5: a trailer without end": (chunked(b"0\r\nX-A: " + b"a" * 1300), 431),
    "RFC 9112 6.1: another transfer coding": (request("POST", "/", "Transfer-Encoding: gzip"), 400),
    "RFC 9112 6.1: another one before chunks": (request("POST", "/", "Transfer-Encoding: gzip, chunked"), 400),
    "RFC 9112 2.3: another version": (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 400),
    "RFC 9110 9.1: a method in small letters": (request("get", "/a"), 400),
    "RFC 9113 3.4: HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
}


@pytest.mark.parametrize(("octets", "status"), REFUSED.values(), ids=REFUSED)
def test_refused(served: Serving, octets: bytes, status: int) -> None:
    """At first, and after a request that was answered."""
    with served.connect() as wire:
        wire.send(octets)
        reply = wire.reply()
        assert reply.status == status
        assert reply.header("Cache-Control") == "no-store"
        assert reply.header("Connection") == "close"
        assert reply.header("Content-Type") == "text/plain; charset=utf-8"
        assert reply.header("X-Content-Type-Options") == "nosniff"
        assert "default-src 'none'" in str(reply.header("Content-Security-Policy"))
        assert reply.body.endswith(b".\n")
        assert reply.body.count(b"\n") == 1
        assert reply.header("Server") is None
        assert wire.is_closed()
    with served.connect() as wire:
        assert wire.ask("GET", "/first").body == b"GET /first 0"
        wire.send(octets)
        assert wire.reply().status == status
        assert wire.is_closed()


@pytest.mark.parametrize("name", ["RFC 9112 3.2: no Host", "RFC 6585 5: many lines", "RFC 9113 3.4: HTTP/2"])
def test_refused_in_pieces(served: Serving, name: str) -> None:
    """However the octets were cut."""
    octets, status = REFUSED[name]
    with served.connect() as wire:
        for place in range(len(octets)):
            wire.send(octets[place : place + 1])
        assert wire.reply().status == status


TAKEN = {
    "RFC 9112 2.2: empty lines in front": b"\r\n\r\n" + request("GET", "/a"),
    "RFC 9112 3.2.2: a whole address": request("GET", "http://ocsp.example/a"),
    "RFC 9110 9.1: a method of one's own": request("BREW", "/a"),
    "RFC 9110 7.8: a wish for another protocol": request("GET", "/a", "Connection: Upgrade", "Upgrade: h2c"),
    "RFC 9112 7.1.1: a chunk with an extension": chunked(b"3;a=b\r\nabc\r\n0\r\n\r\n"),
    "RFC 9112 7.1.2: a trailer": chunked(b"3\r\nabc\r\n0\r\nX-A: b\r\n\r\n"),
    "RFC 9110 8.6: a body up to the limit": request("POST", "/a", body=b"x" * 100),
    "RFC 9112 3.2: an address with a port": b"GET /a HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
    "a target up to the limit": request("GET", "/" + "a" * 199),
    "as many lines as may be": request("GET", "/a", *(f"X-{n}: a" for n in range(9))),
}


@pytest.mark.parametrize("octets", TAKEN.values(), ids=TAKEN)
def test_taken(served: Serving, octets: bytes) -> None:
    """What is right goes through, whole or in pieces, twice on one connection."""
    with served.connect() as wire:
        wire.send(octets)
        first = wire.reply()
        for place in range(0, len(octets), 3):
            wire.send(octets[place : place + 3])
        again = wire.reply()

    assert first.status == 200
    assert again.body == first.body


def test_refusals_are_no_news(served: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """A log that anybody can fill is read by nobody."""
    with caplog.at_level(logging.WARNING):
        for octets, _ in REFUSED.values():
            with served.connect() as wire:
                wire.send(octets)
                wire.reply()

    assert caplog.records == []


@pytest.mark.parametrize("junk", [b"\x16\x03\x01", b"BREW", b"BREW /", b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", b"\0"])
@pytest.mark.parametrize("body", [None, b"abc"], ids=["GET", "POST"])
def test_nothing_is_done_twice(served: Serving, junk: bytes, body: bytes | None) -> None:
    """RFC 9110 section 9.2.2: what stands behind a request, in the same octets, does not make it come again."""
    before = sum(served.batches)
    with served.connect() as wire:
        wire.send(request("POST" if body else "GET", "/once", body=body) + junk)
        assert wire.reply().body.endswith(b"/once 3" if body else b"/once 0")
        wire.finish()
        told = wire.rest()

    assert b"/once" not in told
    assert sum(served.batches) - before <= 2


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("method", ["GET", "DELETE", "PROPFIND"])
def test_a_request_behind_another_may_be_cut_anywhere(served: Serving, method: str, cut: int) -> None:
    """Its first octets came with the end of the one before, and the next ones one by one."""
    second = request(method, "/2")
    with served.connect() as wire:
        wire.send(request("GET", "/1") + second[:cut])
        assert wire.reply().body == b"GET /1 0"
        for place in range(cut, len(second)):
            wire.send(second[place : place + 1])
        assert wire.reply().body == f"{method} /2 0".encode()
