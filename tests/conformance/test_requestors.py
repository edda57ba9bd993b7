"""RFC 6960 sections 2.3 and 4.1.2 with the setting `requestors`: only whoever it names is answered."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.conformance import answers
from tests.conformance import scene as scenes
from tests.conformance.scene import Scene
from tests.conformance.wire import several
from tests.vectors.authorities import FOREIGN, GOOD, REQUESTOR, REQUESTORS_CA, REVOKED, STRANGER
from tests.vectors.extensions import signed
from tests.vectors.make import VECTORS
from tests.vectors.pieces import cert_id, nonce
from tests.vectors.pieces import request as ocsp_request

_SIGNED = signed(REQUESTOR, cert_id(GOOD))


@pytest.fixture(scope="module", params=[REQUESTOR, REQUESTORS_CA], ids=["the certificate itself", "its CA"])
def guarded(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A responder that answers REQUESTOR alone, by its certificate or by its CA's."""
    folder = tmp_path_factory.mktemp("guarded")
    made = scenes.make(folder, settings='requestors = "requestors.pem"')
    (folder / "requestors.pem").write_bytes(request.param.certificate.public_bytes(Encoding.PEM))
    with scenes.served(made) as running:
        yield running


def _octet_changed(place: int) -> bytes:
    spoilt = bytearray(_SIGNED)
    spoilt[place] ^= 1
    return bytes(spoilt)


_CASES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "signed": (_SIGNED, ("good",)),
    "signed, revoked": (signed(REQUESTOR, cert_id(REVOKED)), ("revoked",)),
    "signed, several": (signed(REQUESTOR, cert_id(REVOKED), cert_id(GOOD)), ("revoked", "good")),
    "signed, nonce": (signed(REQUESTOR, cert_id(GOOD), extensions=(nonce(b"n" * 32),)), ("good",)),
    "signed, foreign issuer": (signed(REQUESTOR, cert_id(GOOD, FOREIGN)), ("unauthorized",)),
    "unsigned": (ocsp_request(cert_id(GOOD)), ("sigRequired",)),
    "unsigned, revoked": (ocsp_request(cert_id(REVOKED)), ("sigRequired",)),
    "unsigned with a requestorName": (VECTORS["requestor-name-unsigned"].request, ("sigRequired",)),
    "signed by a stranger": (signed(STRANGER, cert_id(GOOD)), ("unauthorized",)),
    "signature is none": (VECTORS["signed-wrongly"].request, ("unauthorized",)),
    "signature of nobody": (VECTORS["signed-without-certificates"].request, ("unauthorized",)),
    # The last octet of the serial, which the signature is over: 16 octets of serial end where tbsRequest does.
    "another serial than was signed": (
        _octet_changed(_SIGNED.index(GOOD.to_bytes(16)) + 15),
        ("unauthorized",),
    ),
    "malformed": (VECTORS["empty-list"].request, ("malformedRequest",)),
    "nothing": (b"", ("malformedRequest",)),
}


@pytest.mark.parametrize(("octets", "expected"), _CASES.values(), ids=_CASES)
def test_only_requestors_are_answered(guarded: Scene, octets: bytes, expected: tuple[str, ...]) -> None:
    """Without a signature sigRequired, with another's or a wrong one unauthorized (RFC 6960 section 2.3).

    Asked after the right one, several times, so that nothing that is kept for a requestor reaches anybody else.
    """
    with several(guarded.url, 3) as wires:
        for wire in wires:
            assert answers.verdict(wire.post(_SIGNED)) == ("good",)
            for reply in answers.ask_all_ways(wire, octets).all:
                assert answers.verdict(reply) == expected
                if expected[0] in answers.REFUSALS:
                    assert reply.header("Cache-Control") == "no-store"
