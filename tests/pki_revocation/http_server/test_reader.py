"""What a request that is not complete costs, and one that was."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

from pki_revocation.http_server.limits import Limits
from pki_revocation.http_server.messages import Request
from pki_revocation.http_server.reader import RequestReader
from tests.conformance.wire import request


class _Receiver:
    """Counts what arrives, and keeps nothing."""

    def __init__(self) -> None:
        self.bodies: list[int] = []

    def arrived(self, request: Request, *, keep_alive: bool) -> None:  # noqa: ARG002 - the port's
        self.bodies.append(len(request.body))

    def continue_expected(self) -> None:
        pass


@contextmanager
def measured() -> Iterator[list[int]]:
    """What is still allocated when the block ends."""
    grown: list[int] = []
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield grown
        grown.append(tracemalloc.get_traced_memory()[0] - before)
    finally:
        tracemalloc.stop()


def test_small_chunks_take_no_more_room_than_their_octets() -> None:
    """32,000 chunks of two octets: the body once, and not an object for each chunk."""
    receiver = _Receiver()
    reader = RequestReader(receiver, Limits(), "192.0.2.1")
    chunks = b"2\r\nab\r\n" * 32_000
    with measured() as grown:
        reader.feed(request("POST", "/", "Transfer-Encoding: chunked"))
        reader.feed(chunks)

    assert 64_000 <= reader.held < 65_000
    assert grown[0] < 200_000
    reader.feed(b"0\r\n\r\n")
    assert receiver.bodies == [64_000]


def test_nothing_of_a_complete_request_stays() -> None:
    """Connections that wait for their next request hold no body: there may be ten thousand of them."""
    receiver = _Receiver()
    readers = [RequestReader(receiver, Limits(), "192.0.2.1") for _ in range(20)]
    head, body = request("POST", "/", "Content-Length: 60000"), bytes(60_000)
    with measured() as grown:
        for reader in readers:
            reader.feed(head)
            reader.feed(bytes(body[:30_000]))
            reader.feed(bytes(body[30_000:]))

    assert receiver.bodies == [60_000] * 20
    assert [reader.held for reader in readers] == [0] * 20
    assert grown[0] < 200_000
