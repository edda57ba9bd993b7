"""At the limit of connections the quietest go: those that only hold a place lock nobody out."""

import logging
import socket

import pytest

from pki_revocation.http_server.limits import Limits, connections_allowed
from tests.conformance.wire import Wire, request
from tests.pki_revocation.http_server.servers import Serving, serving


def silent(served: Serving, count: int) -> list[socket.socket]:
    """Clients that say half a word."""
    held = [socket.create_connection(("127.0.0.1", served.port), 10) for _ in range(count)]
    for each in held:
        each.sendall(b"GET / HT")
    return held


def test_slow_clients_lock_nobody_out(caplog: pytest.LogCaptureFixture) -> None:
    """Three times as many as may be; everybody who asks is answered, before and after."""
    with serving(limits=Limits(connections=20)) as served, served.connect() as early:
        assert early.ask("GET", "/").status == 200
        with caplog.at_level(logging.WARNING):
            held = silent(served, 60)
            for _ in range(5):
                with served.connect() as wire:
                    for _ in range(3):
                        assert wire.ask("GET", "/").status == 200
        assert served.server is not None
        assert len(served.server._connections) <= 20  # noqa: SLF001 - nothing else tells of them
        for each in held:
            each.close()


def test_who_was_answered_last_stays() -> None:
    """The one that asked before all others held a place is there still, as long as it asks now and then."""
    with serving(limits=Limits(connections=10)) as served:
        busy: list[Wire] = [served.connect() for _ in range(3)]
        held = []
        for _ in range(10):
            for wire in busy:
                assert wire.ask("GET", "/").status == 200
            held += silent(served, 5)
        for wire in busy:
            assert wire.ask("GET", "/").status == 200
            wire.close()
        for each in held:
            each.close()


def test_who_is_owed_an_answer_stays() -> None:
    """A request that is in progress is not thrown away for a newcomer."""
    waiting = []

    def fast_path(exchanges: list, otherwise: object) -> None:  # type: ignore[type-arg] # kept, and looked at no further
        waiting.extend(exchanges)

    with serving(fast_path=fast_path, limits=Limits(connections=5)) as served, served.connect() as patient:
        patient.send(request("GET", "/"))
        while not waiting:
            pass
        held = silent(served, 20)
        with served.connect() as last:
            last.send(request("GET", "/"))
            while len(waiting) < 2:
                pass
            assert served.loop is not None
            for exchange in waiting:
                head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                served.loop.call_soon_threadsafe(exchange.reply, head, b"")
            assert patient.reply().status == 200
            assert last.reply().status == 200
        for each in held:
            each.close()


def test_what_is_not_complete_has_a_bound() -> None:
    """Bodies, heads and pipelined requests of all clients together: the slowest go, and others are answered."""
    with serving(limits=Limits(unfinished=300_000)) as served:
        assert served.server is not None
        body = request("POST", "/", "Content-Length: 60000") + bytes(59_999)
        heads = request("GET", "/", *[f"X-{place}: {'a' * 200}" for place in range(60)])[:-2]
        held = []
        for octets in [body, heads] * 15:
            held.append(served.connect())
            held[-1].send(octets)
            with served.connect() as wire:
                assert wire.ask("POST", "/", body=b"abc").body == b"POST / 3"
            assert served.server._kept_octets <= 300_000  # noqa: SLF001 - nothing else tells of them
        last = held[-2]
        last.send(b"\0")
        assert last.reply().body == b"POST / 60000"
        assert held[0].is_closed()
        for wire in held:
            wire.close()


@pytest.mark.parametrize("wanted", [1, 50])
def test_no_more_than_there_are_descriptors(wanted: int) -> None:
    """And as many as are wanted, where there are."""
    assert connections_allowed(wanted) == wanted
    assert 0 < connections_allowed(1 << 40) < 1 << 40
