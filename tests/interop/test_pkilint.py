"""pkilint's `lint_ocsp_response` on what the running responder answers: nothing at error level or above (O34)."""

import pytest

from pki_revocation.reasons import RevocationReason
from tests.conformance import answers
from tests.conformance.wire import Wire
from tests.interop.relying_party import RelyingParty
from tests.ocsp_responder.answers import lint_errors
from tests.vectors.make import VECTORS
from tests.vectors.pieces import HASHES, cert_id, nonce, request

_VECTORS = [
    "good", "revoked", "never-issued", "sub-ca", "second-issuer", "nonce-1", "nonce-32", "nonce-128", "nonce-revoked",
    "nonce-unknown", "three-in-order", "four-hashes-mixed", "hundred", "serial-1-octet-good", "serial-20-octets-good",
]  # fmt: skip
_REASONS = [
    RevocationReason.UNSPECIFIED,
    RevocationReason.KEY_COMPROMISE,
    RevocationReason.AFFILIATION_CHANGED,
    RevocationReason.SUPERSEDED,
    RevocationReason.CESSATION_OF_OPERATION,
    RevocationReason.PRIVILEGE_WITHDRAWN,
]


@pytest.mark.parametrize("name", _VECTORS)
def test_vectors(party: RelyingParty, name: str) -> None:
    """Each kind of signed answer, new and kept, by POST and by GET."""
    with Wire(party.scene.url) as wire:
        found = answers.ask_all_ways(wire, VECTORS[name].request)

    for reply in found.all:
        assert answers.verdict(reply) == VECTORS[name].expected
        assert lint_errors(reply.body) == []


@pytest.mark.parametrize("reason", _REASONS, ids=[reason.name for reason in _REASONS])
def test_each_reason(party: RelyingParty, reason: RevocationReason) -> None:
    """BR 7.3: the reasons that are allowed, and none for unspecified; in each hash, with a nonce and without."""
    name = f"lint-{reason.name}"
    party.issued(name)
    party.revoke(name, reason)
    serial = party.certificates[name].serial_number

    with Wire(party.scene.url) as wire:
        for digest in HASHES:
            for extensions in ((), (nonce(b"n" * 32),)):
                reply = wire.post(request(cert_id(serial, name=digest), extensions=extensions))
                assert answers.verdict(reply) == ("revoked",)
                assert lint_errors(reply.body) == []


def test_the_linter_finds_something(party: RelyingParty) -> None:
    """What the tests above rely on: an answer that ended a century before it began is found out."""
    with Wire(party.scene.url) as wire:
        der = wire.post(VECTORS["revoked"].request).body
    spoilt = der.replace(b"\xa0\x11\x18\x0f20", b"\xa0\x11\x18\x0f19")

    assert spoilt != der
    assert lint_errors(spoilt) != []
