"""Who takes too long goes; who is merely slow, or waits for us, stays."""

import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from pki_revocation.http_server.limits import Limits
from tests.conformance.wire import Wire, request
from tests.pki_revocation.http_server.servers import serving
from tests.waiting import patience, wait_until

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

# A test that waits for less than this saw a deadline, and not one of LONG.
_SOON = 8
SWEEP = 0.1
SHORT = Limits(
    head_seconds=0.2, body_seconds=0.2, idle_seconds=0.2, stalled_seconds=0.2, linger_seconds=0.2, sweep_seconds=SWEEP
)
LONG = 600.0


def ended_after(wire: Wire) -> float:
    """How long it takes until the server hangs up."""
    begun = time.monotonic()
    wire.rest()
    return time.monotonic() - begun


@pytest.mark.parametrize(
    ("octets", "limits"),
    [
        (b"G", Limits(head_seconds=0.5, body_seconds=LONG, idle_seconds=LONG, sweep_seconds=SWEEP)),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\n",
            Limits(head_seconds=0.5, body_seconds=LONG, idle_seconds=LONG, sweep_seconds=SWEEP),
        ),
        (
            request("POST", "/", "Content-Length: 5") + b"ab",
            Limits(head_seconds=LONG, body_seconds=0.5, idle_seconds=LONG, sweep_seconds=SWEEP),
        ),
        (
            request("POST", "/", "Transfer-Encoding: chunked") + b"2\r\nab\r\n",
            Limits(head_seconds=LONG, body_seconds=0.5, idle_seconds=LONG, sweep_seconds=SWEEP),
        ),
    ],
    ids=["an octet", "half a head", "half a body", "half the chunks"],
)
def test_half_requests_time_out(octets: bytes, limits: Limits) -> None:
    """RFC 9110 section 15.5.9: told so, and hung up on."""
    with serving(limits=limits) as served, served.connect(patience(_SOON)) as wire:
        wire.send(octets)

        assert wire.reply().status == 408
        assert wire.is_closed()


def test_a_trickle_is_no_progress() -> None:
    """The limit is for the whole head: an octet now and then does not move it."""
    limits = Limits(head_seconds=1, idle_seconds=LONG, sweep_seconds=SWEEP)
    with serving(limits=limits) as served, served.connect(patience(_SOON)) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ")
        stop = threading.Event()

        def trickle() -> None:
            while not stop.wait(0.1):
                try:
                    wire.send(b"a")
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            assert wire.reply().status == 408
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize("first", [b"", request("GET", "/")], ids=["never asked", "asked once"])
def test_the_idle_are_hung_up_on(first: bytes) -> None:
    """Without a word: there is nothing to answer."""
    limits = Limits(idle_seconds=0.5, head_seconds=LONG, sweep_seconds=SWEEP)
    with serving(limits=limits) as served, served.connect(patience(_SOON)) as wire:
        if first:
            wire.send(first)
            assert wire.reply().status == 200
        begun = time.monotonic()

        assert wire.is_closed()
        assert time.monotonic() - begun < patience(_SOON)


def test_waiting_for_us_is_no_fault_of_theirs() -> None:
    """However long an application takes, and however short all limits are."""

    def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        time.sleep(1)  # many times each of them
        start_response("200 OK", [])
        return [b"late"]

    with serving(application, limits=SHORT) as served, served.connect() as wire:
        wire.send(request("GET", "/"))

        assert wire.reply().body == b"late"


def _large(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"x" * 20_000_000]


def test_who_takes_nothing_is_hung_up_on() -> None:
    """And the reply, which lies in memory for as long, with them."""
    limits = Limits(stalled_seconds=0.5, idle_seconds=LONG, sweep_seconds=SWEEP)
    with serving(_large, limits=limits) as served, served.connect(30) as wire:
        wire.send(request("GET", "/"))
        assert served.server is not None
        connections = served.server._connections  # noqa: SLF001 - nothing else tells of them

        wait_until(lambda: not connections, _SOON, "the end of the connection")


def test_who_takes_it_slowly_gets_all_of_it() -> None:
    """A slow line is no attack."""
    limits = Limits(stalled_seconds=1.5, idle_seconds=0.5, head_seconds=0.5, sweep_seconds=SWEEP)
    with serving(_large, limits=limits) as served, served.connect(30) as wire:
        wire.send(request("GET", "/"))
        incoming = wire._incoming  # noqa: SLF001 - read in pieces, as a slow line would
        while incoming.readline() != b"\r\n":
            pass
        received = 0
        for _ in range(2):
            received += len(incoming.read(5_000_000))
            time.sleep(1)  # together longer than the limit, and each shorter
        received += len(incoming.read(20_000_000 - received))

    assert received == 20_000_000


def _is_refused(wire: Wire) -> bool:
    try:
        wire.send(b"more")
    except OSError:
        return True
    return False


def test_who_lingers_is_hung_up_on() -> None:
    """Behind the last reply nobody may go on sending for ever."""
    limits = Limits(linger_seconds=0.5, idle_seconds=LONG, head_seconds=LONG, sweep_seconds=SWEEP)
    with serving(limits=limits) as served, served.connect(patience(_SOON)) as wire:
        wire.send(request("GET", "/", "Connection: close"))
        assert wire.reply().status == 200
        wait_until(lambda: _is_refused(wire), _SOON, "the end of the connection")
