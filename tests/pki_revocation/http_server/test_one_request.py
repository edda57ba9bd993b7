"""What is one request is one, with its body, and what is none is refused, wherever it is cut, whatever is around it.

RFC 9112 section 11.2: two parsers that disagree on where a request ends answer one client with another's reply.
"""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from pki_revocation.http_server.limits import Limits
from tests.conformance.wire import chunked, request
from tests.pki_revocation.http_server.servers import Serving, serving
from tests.pki_revocation.http_server.streams import Seen, received
from tests.pki_revocation.http_server.wire_cases import CASES, INNER, INNER_TARGET, Case

_BEFORE, _BEHIND = request("GET", "/before"), request("GET", "/behind")
# Beyond that, cut in so many places and not in each: what is that long is one number, or one body.
_CUT_EVERYWHERE = 700
_PLACES = 60
_OCTETS = Limits(target=200, head=1000, header_lines=10, body=100)


def cuts(octets: bytes) -> Iterator[list[bytes]]:
    """Whole, in two pieces wherever that can be, and octet by octet."""
    yield [octets]
    step = 1 if len(octets) <= _CUT_EVERYWHERE else len(octets) // _PLACES
    for place in range(1, len(octets), step):
        yield [octets[:place], octets[place:]]
    places = [*range(0, len(octets), step), len(octets)]
    yield [octets[begin:end] for begin, end in pairwise(places)]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_wherever_it_is_cut(case: Case) -> None:
    """The same comes of it: the request and the one behind it, or a refusal, the end, and nothing from behind it."""
    expected: Seen = [] if case.refused else [(case.method, case.target, case.body)]
    statuses = [case.refused] if case.refused else [200]
    if case.refused is None and not case.ends:
        expected.append(("GET", b"/behind", b""))
        statuses.append(200)
    for pieces in cuts(case.octets + _BEHIND):
        seen, sent, ended = received(pieces)

        assert seen == expected, pieces
        assert sent == statuses, pieces
        assert ended == bool(case.refused or case.ends)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_behind_another_request(case: Case) -> None:
    """What was before it is answered once, and no body is ever a request; in one piece, and cut once anywhere."""
    stream = _BEFORE + case.octets + _BEHIND
    for pieces in [[stream], [_BEFORE, case.octets + _BEHIND], [_BEFORE + case.octets, _BEHIND]]:
        seen, sent, _ = received(pieces)

        assert seen[0] == ("GET", b"/before", b"")
        assert INNER_TARGET not in [target for _, target, _ in seen]
        assert len(sent) == len(seen) + (sent[-1] >= 400)
        assert all(status < 500 for status in sent)
        if case.refused is not None:
            assert len(seen) == 1


@pytest.fixture(scope="module")
def served() -> Iterator[Serving]:
    """A server on a socket."""
    with serving() as running:
        yield running


@pytest.mark.parametrize("wish", ["h2c", "websocket", "TLS/1.0"])
@pytest.mark.parametrize("in_chunks", [False, True], ids=["length", "chunks"])
def test_upgrade_is_ignored_on_a_socket(served: Serving, wish: str, *, in_chunks: bool) -> None:
    """RFC 9110 section 7.8: three in a row on one connection, each answered with what it asked, and none besides."""
    lines = ("Connection: Upgrade", f"Upgrade: {wish}")
    with served.connect() as wire:
        for number in range(3):
            if in_chunks:
                wire.send(request("POST", f"/{number}", "Transfer-Encoding: chunked", *lines) + chunked(INNER))
            else:
                wire.send(request("POST", f"/{number}", *lines, body=INNER))
            reply = wire.reply()
            assert (reply.status, reply.body) == (200, f"POST /{number} {len(INNER)}".encode())
        wire.finish()
        assert wire.rest() == b""


def test_leave_to_send_a_body_whose_request_wishes_for_more(served: Serving) -> None:
    """RFC 9110 section 10.1.1: `100 Continue` first, then the body, and the answer."""
    lines = ("Connection: Upgrade", "Upgrade: h2c", "Expect: 100-continue", f"Content-Length: {len(INNER)}")
    with served.connect() as wire:
        wire.send(request("POST", "/a", *lines))
        assert wire.reply().status == 100
        wire.send(INNER)
        assert wire.reply().body == f"POST /a {len(INNER)}".encode()


@pytest.mark.parametrize(
    ("target", "method"),
    [
        ("*", "GET"),
        ("ftp://a/b", "GET"),
        ("http://u@a/b", "GET"),
        ("http://u:p@a/b", "GET"),
        ("http:///b", "GET"),
        ("http://a:b/", "GET"),
        ("file://a/etc/passwd", "GET"),
        ("*", "POST"),
    ],
)
def test_targets_that_are_none(served: Serving, target: str, method: str) -> None:
    """RFC 9112 section 3.2, RFC 9110 section 4.2.4: no application sees them, and the connection goes on."""
    with served.connect() as wire:
        assert wire.ask(method, target, body=b"" if method == "POST" else None).status == 400
        assert wire.ask("GET", "/a").body == b"GET /a 0"


def test_chunks_may_not_cost_many_times_their_octets() -> None:
    """RFC 9112 section 7.1.1: neither long extensions nor single octets without end; 413 long before the time limit."""
    head = request("POST", "/a", "Transfer-Encoding: chunked")
    extended = b"1;" + b"a" * 150 + b"\r\nx\r\n"
    for pieces in ([head] + [extended] * 100, [head] + [b"1;"] + [b"a"] * 5000):
        seen, sent, ended = received(pieces, _OCTETS)

        assert seen == []
        assert sent in ([413], [431])
        assert ended
    seen, sent, _ = received([head, *[b"1\r\nx\r\n"] * 100, b"0\r\n\r\n"], _OCTETS)
    assert (seen, sent) == ([("POST", b"/a", b"x" * 100)], [200])


def test_trailers_are_no_headers(served: Serving) -> None:
    """RFC 9110 section 6.5.1: nothing of them reaches the application, and they are bounded like a head."""
    trailers = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(20))
    seen, sent, _ = received([request("POST", "/a", "Transfer-Encoding: chunked") + chunked(b"x", trailer=trailers)])
    assert (seen, sent) == ([], [431])
    with served.connect() as wire:
        wire.send(request("POST", "/a", "Transfer-Encoding: chunked") + chunked(b"x", trailer=b"Host: evil\r\n"))
        assert wire.reply().body == b"POST /a 1"
