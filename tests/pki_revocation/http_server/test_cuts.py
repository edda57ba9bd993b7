"""TCP has no messages: however a row of requests is cut into pieces, the same requests come of it, each once."""

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pki_revocation.http_server.connection import Connection
from pki_revocation.http_server.limits import Limits
from pki_revocation.http_server.messages import Exchange
from tests.campaign import examples
from tests.conformance.wire import chunked, request

Seen = list[tuple[str, bytes, bytes]]

_KNOWN = ("GET", "POST", "HEAD", "OPTIONS", "PROPFIND", "M-SEARCH")
_OWN = ("BREW", "GE", "GETX", "P", "get")


def _requests(methods: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    bodies = st.one_of(st.none(), st.binary(max_size=20), st.just(b"\r\n\r\nGET /inner HTTP/1.1\r\n"))

    def written(method: str, number: int, body: bytes | None, *, in_chunks: bool, empty_lines: int) -> bytes:
        front = b"\r\n" * empty_lines
        if body is not None and in_chunks:
            pieces = chunked(body[:7], body[7:], trailer=b"X-A: b\r\n")
            return front + request(method, f"/{number}", "Transfer-Encoding: chunked") + pieces
        return front + request(method, f"/{number}", body=body)

    return st.builds(
        written,
        st.sampled_from(methods),
        st.integers(0, 99),
        bodies,
        in_chunks=st.booleans(),
        empty_lines=st.integers(0, 1),
    )


class _Transport:
    """What a connection needs of one; whoever writes to it is answered by nobody."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def get_extra_info(self, _: str) -> tuple[str, int]:
        return ("127.0.0.1", 1)

    def write(self, data: bytes) -> None:
        self.written += data

    def write_eof(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        pass

    resume_reading = abort = close = pause_reading


class _Owner:
    """What a connection needs of a server."""

    def __init__(self, arrived: Callable[[Exchange], None]) -> None:
        self.limits = Limits()
        self.now = 0.0
        self.finishing = False
        self.arrived = arrived

    def connection_opened(self, connection: Connection) -> None:
        pass

    def buffers(self, connection: Connection, octets: int) -> None:
        pass

    connection_closed = connection_opened


def _seen(stream: bytes, cuts: list[int]) -> tuple[Seen, bool]:
    """The requests that come of it, each answered when all that came with it was read; and whether one was refused."""
    seen: Seen = []
    has_pending: list[Exchange] = []

    def arrived(exchange: Exchange) -> None:
        seen.append((exchange.request.method, exchange.request.target, exchange.request.body))
        has_pending.append(exchange)

    connection = Connection(_Owner(arrived))
    transport = _Transport()
    connection.connection_made(transport)  # type: ignore[arg-type] # as much of one as is needed
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    for begin, end in pairwise(places):
        connection.data_received(stream[begin:end])
        while has_pending:
            has_pending.pop(0).reply(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", b"")
    return seen, b"HTTP/1.1 4" in transport.written


@settings(max_examples=examples(1000))
@given(st.lists(_requests(_KNOWN), min_size=1, max_size=20), st.lists(st.integers(min_value=0), max_size=30))
def test_the_same_requests_come_of_it(requests: list[bytes], cuts: list[int]) -> None:
    """RFC 9112 section 9.3.2: one for each that was sent."""
    stream = b"".join(requests)

    cut, refused = _seen(stream, cuts)

    assert not refused
    assert len(cut) == len(requests)
    assert cut == [each for one in requests for each in _seen(one, [])[0]]


@settings(max_examples=examples(1000))
@given(
    st.lists(_requests(_KNOWN + _OWN), min_size=1, max_size=6),
    st.binary(max_size=8),
    st.lists(st.integers(min_value=0), max_size=30),
)
def test_none_comes_twice(requests: list[bytes], junk: bytes, cuts: list[int]) -> None:
    """Behind whatever is refused nothing is acted on, and what was before it only once."""
    expected = [each for one in requests for each in _seen(one, [])[0]]

    cut, _ = _seen(b"".join(requests) + junk, cuts)

    assert cut == expected[: len(cut)]


@settings(max_examples=examples(1000))
@given(_requests(_OWN), st.lists(st.integers(min_value=0), max_size=30))
def test_methods_of_ones_own(one: bytes, cuts: list[int]) -> None:
    """RFC 9110 section 9.1: at the beginning of what arrives any token is a method, wherever it is cut."""
    seen, refused = _seen(one, cuts)

    assert not refused
    assert len(seen) == 1
    assert seen[0][0] in _OWN
    assert one.lstrip(b"\r\n").startswith(seen[0][0].encode() + b" ")
