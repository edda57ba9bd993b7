"""TCP has no messages: however a row of requests is cut into pieces, the same requests come of it, each once."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.campaign import examples
from tests.conformance.wire import chunked, request
from tests.pki_revocation.http_server.streams import Seen, received

# RFC 9110 section 7.8: this server has no other protocol, and so ignores the wish for one.
_WISHES: tuple[tuple[str, ...], ...] = (
    (),
    (),
    ("Connection: Upgrade", "Upgrade: h2c"),
    ("Upgrade: websocket", "Connection: keep-alive, upgrade"),
)
_KNOWN = ("GET", "POST", "HEAD", "OPTIONS", "PROPFIND", "M-SEARCH")
_OWN = ("BREW", "GE", "GETX", "P", "~GET")


def _requests(methods: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    inner = b"GET /inner HTTP/1.1\r\nHost: a\r\n\r\n"
    bodies = st.one_of(st.none(), st.binary(max_size=20), st.just(inner), st.just(b"\r\n\r\n" + inner[:-4]))

    def written(
        method: str, number: int, body: bytes | None, wish: tuple[str, ...], *, in_chunks: bool, empty_lines: int
    ) -> bytes:
        front = b"\r\n" * empty_lines
        if body is not None and in_chunks:
            pieces = chunked(body[:7], body[7:], trailer=b"X-A: b\r\n")
            return front + request(method, f"/{number}", "Transfer-Encoding: chunked", *wish) + pieces
        return front + request(method, f"/{number}", *wish, body=body)

    return st.builds(
        written,
        st.sampled_from(methods),
        st.integers(0, 99),
        bodies,
        st.sampled_from(_WISHES),
        in_chunks=st.booleans(),
        empty_lines=st.integers(0, 1),
    )


def _seen(stream: bytes, cuts: list[int]) -> tuple[Seen, bool]:
    """The requests that come of it, each answered when all that came with it was read; and whether one was refused."""
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    seen, statuses, _ = received(stream[begin:end] for begin, end in pairwise(places))
    return seen, any(400 <= status < 500 for status in statuses)


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
