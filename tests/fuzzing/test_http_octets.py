"""Heads and bodies of HTTP, spoilt two thousand times, octet by octet, against a running responder.

RFC 9112 section 11: whatever comes, no 5xx, the connection ends within two seconds of the client's end, and the next
client is answered good.
"""

import contextlib
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.campaign import examples
from tests.conformance import answers
from tests.conformance import scene as scenes
from tests.conformance.scene import Scene
from tests.conformance.wire import TYPE, Wire, chunked, request
from tests.fuzzing.mutations import mutate
from tests.vectors.make import VECTORS

_CONNECTIONS = 2_000
_AT_ONCE = 10
_LONGEST_SECONDS = 2
_GOOD = VECTORS["good"].request
_PATH = f"/ocsp/{answers.encoded(_GOOD)}"
_TYPE_LINE = f"Content-Type: {TYPE}"
_BASES = [
    request("GET", _PATH),
    request("HEAD", _PATH, "If-None-Match: *", "Accept: */*"),
    request("POST", "/ocsp", _TYPE_LINE, body=_GOOD),
    request("POST", "/ocsp", _TYPE_LINE, "Transfer-Encoding: chunked") + chunked(_GOOD[:9], _GOOD[9:]),
    request("POST", "/ocsp", _TYPE_LINE, "Expect: 100-continue", body=_GOOD),
    request("GET", f"http://ocsp.example{_PATH}", "Connection: keep-alive") * 3,
    request("OPTIONS", "*"),
    f"GET {_PATH} HTTP/1.0\r\n\r\n".encode(),
]
_LINES = [
    line.encode("latin-1")
    for line in (
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding:\x0bchunked\r\n",
        "Content-Length: 0\r\n",
        "Content-Length: 3\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length:\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        " folded\r\n",
        "\tfolded\r\n",
        "X: \0\r\n",
        "\0: x\r\n",
        ": x\r\n",
        "X\r\n",
        "\r\n",
        "\n",
        "\r",
        "Host: \r\n",
        "Host: a@b\r\n",
        "Expect: 200-ok\r\n",
        "Upgrade: h2c\r\n",
        "Connection: Upgrade, HTTP2-Settings\r\n",
        "Connection: Upgrade\r\nUpgrade: h2c\r\n",
        f"Content-Length: {'0' * 4301}\r\n",
        f"Host: {'a' * 64}\r\n",
        "Connection: close, keep-alive\r\n",
        f"X: {'a' * 70_000}\r\n",
        "Range: bytes=0-0,-1\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\xff\xfe\r\n",
        "0\r\n\r\n",
        "ffffffffffffffff\r\n",
    )
]
_PLANS = st.tuples(
    st.integers(0, len(_BASES) - 1),
    st.lists(st.tuples(st.integers(0, len(_LINES) - 1), st.integers(0, 1 << 10)), max_size=3),
    st.lists(st.integers(0, 1 << 24), max_size=3),
)
Plan = tuple[int, list[tuple[int, int]], list[int]]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A responder of these tests' own."""
    with scenes.served(scenes.make(tmp_path_factory.mktemp("octets")), workers=1) as running:
        yield running


def octets_of(plan: Plan) -> bytes:
    """A request with lines put in anywhere a line begins, and octets changed behind that."""
    base, lines, choices = plan
    octets = _BASES[base]
    for line, place in lines:
        ends = [at + 2 for at in range(len(octets)) if octets[at : at + 2] == b"\r\n"]
        at = ends[place % len(ends)] if ends else 0
        octets = octets[:at] + _LINES[line] + octets[at:]
    return mutate(octets, choices, [_GOOD])


def statuses(scene: Scene, octets: bytes) -> list[int]:
    """Every status that comes back to these octets until the connection ends."""
    received = b""
    with Wire(scene.url, timeout=_LONGEST_SECONDS) as wire, contextlib.suppress(ConnectionError):
        wire.send(octets)
        wire.finish()
        received = wire.rest()
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", received)]


@settings(max_examples=examples(_CONNECTIONS // _AT_ONCE), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans=st.lists(_PLANS, min_size=_AT_ONCE, max_size=_AT_ONCE))
def test_spoilt_http(scene: Scene, plans: list[Plan]) -> None:
    """Ten connections, and a good request after them."""
    for plan in plans:
        for status in statuses(scene, octets_of(plan)):
            assert status in {100, 200, 304} or 400 <= status < 500
    with Wire(scene.url, timeout=_LONGEST_SECONDS) as wire:
        assert answers.verdict(wire.post(_GOOD)) == ("good",)


@pytest.mark.parametrize("base", range(len(_BASES)))
def test_unspoilt(scene: Scene, base: int) -> None:
    """What is spoilt above is answered while it is whole, so that the changes are near to something."""
    with Wire(scene.url, timeout=_LONGEST_SECONDS) as wire:
        wire.send(_BASES[base])
        assert wire.reply(to_head=_BASES[base].startswith(b"HEAD")).status in {100, 200, 304, 404, 405}
