"""A connection's life: order, leave to continue, the end, and no more waiting requests than may."""

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pytest

from pki_revocation.http_server.limits import Limits
from pki_revocation.http_server.messages import Exchange
from tests.conformance.wire import Closed, chunked, request
from tests.pki_revocation.http_server.servers import serving

if TYPE_CHECKING:
    from wsgiref.types import StartResponse


def test_replies_come_in_order() -> None:
    """RFC 9112 section 9.3.2: even when a later request is answered first."""
    first_may = threading.Event()

    def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/1":
            assert first_may.wait(10)
        elif environ["PATH_INFO"] == "/8":
            first_may.set()
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]

    with serving(application, threads=8) as served, served.connect() as wire:
        wire.send(b"".join(request("GET", f"/{n}") for n in range(1, 9)))

        assert [wire.reply().body for _ in range(8)] == [f"/{n}".encode() for n in range(1, 9)]


def test_no_more_wait_than_may() -> None:
    """The rest is not even parsed: a client cannot pile up work."""
    waiting: list[int] = []
    let = threading.Event()

    def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        waiting.append(1)
        assert let.wait(10)
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]

    with serving(application, limits=Limits(waiting=3), threads=50) as served, served.connect() as wire:
        wire.send(b"".join(request("GET", f"/{n}") for n in range(40)))
        with served.connect() as other:
            other.send(request("GET", "/other"))
            while sum(waiting) < 4:
                pass
            assert sum(waiting) == 4
            let.set()
            assert other.reply().body == b"/other"
        assert [wire.reply().body for _ in range(40)] == [f"/{n}".encode() for n in range(40)]
    assert max(served.batches) <= 3


@pytest.mark.parametrize(
    ("octets", "kept"),
    [
        (request("GET", "/"), True),
        (request("GET", "/", "Connection: close"), False),
        (request("GET", "/", "Connection: Keep-Alive"), True),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", True),
        (request("CONNECT", "example.org:80"), False),
    ],
)
def test_keeps_as_it_is_asked(octets: bytes, *, kept: bool) -> None:
    """RFC 9112 section 9.3: HTTP/1.1 keeps unless told otherwise, HTTP/1.0 does not and is told when it is."""
    with serving() as served, served.connect() as wire:
        wire.send(octets)
        reply = wire.reply()
        assert reply.status == 200
        if not kept:
            assert reply.header("Connection") == "close"
            assert wire.is_closed()
            return
        assert reply.header("Connection") == ("keep-alive" if b"HTTP/1.0" in octets else None)
        wire.send(octets)
        assert wire.reply().status == 200


def test_what_follows_the_last_request_is_dropped() -> None:
    """RFC 9112 section 9.6: nothing behind `Connection: close` is acted on."""
    with serving() as served, served.connect() as wire:
        wire.send(request("GET", "/1", "Connection: close") + request("GET", "/2"))

        assert wire.reply().body == b"GET /1 0"
        assert wire.is_closed()
    assert sum(served.batches) == 1


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_leave_to_continue(framing: str) -> None:
    """RFC 9110 section 10.1.1: given once, when the body may come, and after the replies that are due before."""
    body, head = (
        (b"abc", request("POST", "/2", "Expect: 100-continue", "Content-Length: 3"))
        if framing == "length"
        else (chunked(b"abc"), request("POST", "/2", "Expect: 100-continue", "Transfer-Encoding: chunked"))
    )
    with serving() as served, served.connect() as wire:
        wire.send(request("GET", "/1") + head)
        assert wire.reply().body == b"GET /1 0"
        assert wire.reply().status == 100
        wire.send(body)
        assert wire.reply().body == b"POST /2 3"


def test_no_leave_for_what_is_too_long() -> None:
    """RFC 9110 section 10.1.1: the refusal comes in its place."""
    with serving(limits=Limits(body=10)) as served, served.connect() as wire:
        wire.send(request("POST", "/", "Expect: 100-continue", "Content-Length: 11"))

        assert wire.reply().status == 413
        assert wire.is_closed()


def test_a_refusal_reaches_who_still_sends() -> None:
    """RFC 9112 section 9.6: a reset would take the reply away from a client that is in the middle of its body."""
    with serving(limits=Limits(body=1000)) as served:
        for _ in range(20):
            with served.connect() as wire:
                wire.send(request("POST", "/", "Content-Length: 500000"))
                wire.send(b"x" * 500_000)
                assert wire.reply().status == 413
                wire.finish()
                assert wire.rest() == b""


def test_the_half_closed_get_their_answer() -> None:
    """RFC 9112 section 9.5: who will send no more still reads."""
    let = threading.Event()

    def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        assert let.wait(10)
        start_response("200 OK", [])
        return [b"late"]

    with serving(application) as served, served.connect() as wire:
        wire.send(request("GET", "/"))
        wire.finish()
        let.set()

        assert wire.reply().body == b"late"
        assert wire.is_closed()


def test_a_half_request_at_the_end_is_dropped() -> None:
    """RFC 9112 section 8: nothing incomplete is acted on."""
    with serving() as served, served.connect() as wire:
        wire.send(request("POST", "/", "Content-Length: 10") + b"abc")
        wire.finish()

        with pytest.raises(Closed):
            wire.reply()
    assert served.batches == []


def test_requests_of_one_turn_come_together() -> None:
    """Whatever the batch looks up, it looks up after all of its requests had arrived; what it leaves goes on."""
    seen: list[list[str]] = []

    def fast_path(exchanges: list[Exchange], otherwise: Callable[[list[Exchange]], None]) -> None:
        seen.append([exchange.request.target.decode() for exchange in exchanges])
        rest = []
        for exchange in exchanges:
            if exchange.request.target == b"/here":
                exchange.reply(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n", b"here")
            else:
                rest.append(exchange)
        if rest:
            otherwise(rest)

    with serving(fast_path=fast_path) as served, served.connect() as wire:
        wire.send(request("GET", "/here") + request("GET", "/there") + request("GET", "/here"))

        assert [wire.reply().body for _ in range(3)] == [b"here", b"GET /there 0", b"here"]
    assert seen == [["/here", "/there", "/here"]]


def test_an_error_of_ours_leaves_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    """Those that were answered keep their answer, the others get a bare 500, and the next batch is served."""

    def fast_path(exchanges: list[Exchange], otherwise: Callable[[list[Exchange]], None]) -> None:
        exchanges[0].reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", b"ok")
        if len(exchanges) > 1:
            raise ZeroDivisionError("secret detail")

    with serving(fast_path=fast_path) as served, served.connect() as wire:
        wire.send(request("GET", "/1") + request("GET", "/2"))
        assert wire.reply().body == b"ok"
        failed = wire.reply()
        assert failed.status == 500
        assert b"secret" not in failed.body
        assert wire.ask("GET", "/3").body == b"ok"
    assert "requests could not be handled" in caplog.text
