"""Valid requests, spoilt ten thousand times, against a running responder (RFC 6960 section 2.3; O23).

No 5xx, no answer that takes over two seconds, no refusal that blames the responder; and good stays good in between.
"""

import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.campaign import examples
from tests.conformance import answers
from tests.conformance import scene as scenes
from tests.conformance.scene import Scene
from tests.conformance.wire import Reply, Wire
from tests.fuzzing.mutations import mutate
from tests.vectors.make import VECTORS

_REQUESTS = 10_000
_AT_ONCE = 10
_LONGEST_SECONDS = 2
_GOOD = VECTORS["good"].request
# What is valid, and short enough to be changed everywhere.
_VALID = [
    vector.request
    for vector in VECTORS.values()
    if vector.expected not in {("malformedRequest",), ("unauthorized",)} and len(vector.request) < 1000
]
_MUTATIONS = st.tuples(
    st.integers(0, len(_VALID) - 1), st.lists(st.integers(0, 1 << 24), min_size=1, max_size=4), st.booleans()
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A responder of these tests' own."""
    with scenes.served(scenes.make(tmp_path_factory.mktemp("fuzzing")), workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def wire(scene: Scene) -> Iterator[Wire]:
    """A connection that is kept for all of them."""
    with Wire(scene.url, timeout=_LONGEST_SECONDS) as connection:
        yield connection


def ask(wire: Wire, octets: bytes, *, by_get: bool) -> Reply:
    """One request; a time-out of the connection is a failure."""
    encoded = answers.encoded(octets)
    return wire.get(encoded) if by_get and len(encoded) <= 4096 else wire.post(octets)


@settings(max_examples=examples(_REQUESTS // _AT_ONCE), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans=st.lists(_MUTATIONS, min_size=_AT_ONCE, max_size=_AT_ONCE))
def test_spoilt_requests(wire: Wire, plans: list[tuple[int, list[int], bool]]) -> None:
    """Ten of them over one connection, each followed by the same again, and then a good one."""
    for base, choices, by_get in plans:
        octets = mutate(_VALID[base], choices, _VALID)
        begin = time.monotonic()
        verdict = answers.verdict(ask(wire, octets, by_get=by_get))
        assert time.monotonic() - begin < _LONGEST_SECONDS
        assert verdict in {("malformedRequest",), ("unauthorized",)} or set(verdict) <= {"good", "revoked", "unknown"}
    assert answers.verdict(ask(wire, _GOOD, by_get=plans[0][2])) == ("good",)


def test_mutations_reach_every_verdict() -> None:
    """What is sent above is not all of one kind: spoilt requests that are DER still, and those that are none."""
    made = {mutate(_GOOD, [choice], _VALID) for choice in range(0, 1 << 20, 997)}

    assert len(made) > 500
    assert _GOOD in made or any(each != _GOOD and len(each) == len(_GOOD) for each in made)
    whole = [each for each in made if each[:1] == b"\x30" and len(each) > 2 and each[1] == len(each) - 2]
    assert len(whole) > len(made) // 5
