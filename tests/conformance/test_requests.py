"""Every vector against the running responder: RFC 6960, RFC 9654 and RFC 9919 on requests.

Each is asked by POST and by GET, and each way twice, so that what a responder keeps has to say the same.
"""

import pytest

from tests.conformance import answers
from tests.conformance.scene import Scene
from tests.conformance.wire import Wire
from tests.vectors.authorities import GOOD
from tests.vectors.make import FOLDER, VECTORS
from tests.vectors.pieces import Vector, cert_id, request

_GOOD = request(cert_id(GOOD))


@pytest.mark.parametrize("vector", VECTORS.values(), ids=[f"{each.section}: {name}" for name, each in VECTORS.items()])
def test_vector(wire: Wire, vector: Vector) -> None:
    """The clause that the vector names: its statuses or its refusal, CertIDs and nonce given back as they came.

    RFC 6960 section 4.2.2.3 for the order; RFC 9654 section 2.1 for the nonce.
    """
    found = answers.ask_all_ways(wire, (FOLDER / f"{vector.name}.der").read_bytes())

    assert {answers.verdict(reply) for reply in found.all} == {vector.expected}
    for reply in found.all:
        if vector.cert_ids:
            assert answers.cert_ids(reply.body) == vector.cert_ids
            assert answers.nonce(reply.body) == vector.nonce


def test_every_beginning_is_malformed(wire: Wire) -> None:
    """RFC 6960 section 2.3: a request that was cut off anywhere, and the next whole one is answered."""
    for end in range(1, len(_GOOD)):
        assert answers.verdict(wire.post(_GOOD[:end])) == ("malformedRequest",), end
    assert answers.verdict(wire.post(_GOOD)) == ("good",)


def test_every_octet_changed_harms_nobody(wire: Wire) -> None:
    """Each octet of a good request turned round: a refusal or `unknown`, never `good` for what is another request."""
    verdicts = set()
    for place in range(len(_GOOD)):
        spoilt = bytearray(_GOOD)
        spoilt[place] ^= 0xFF
        verdicts.add(answers.verdict(wire.post(bytes(spoilt))))

    assert verdicts <= {("malformedRequest",), ("unauthorized",), ("unknown",)}


def test_workers_agree(scene: Scene) -> None:
    """Whichever worker takes the connection, a vector gets the same verdict."""
    for name in ("sha1-null-good", "sha512-absent-revoked", "three-in-order", "unknown-critical-extension"):
        vector = VECTORS[name]
        for _ in range(4):
            with Wire(scene.url) as wire:
                assert answers.verdict(wire.post(vector.request)) == vector.expected
