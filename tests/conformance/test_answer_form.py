"""RFC 6960 section 4.2 and RFC 9919 section 3.2: the octets of a signed answer, whatever it says."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.conformance import answers
from tests.conformance.scene import Scene
from tests.conformance.wire import Reply, Wire
from tests.vectors.authorities import ISSUING, ROOT, SECOND
from tests.vectors.make import VECTORS

_SIGNED = [
    "good",
    "revoked",
    "never-issued",
    "second-issuer",
    "sub-ca",
    "sha1-null-good",
    "sha512-absent-revoked",
    "three-in-order",
    "four-hashes-mixed",
    "hundred",
    "nonce-32",
    "nonce-128",
    "nonce-unknown",
    "preferred-sha1-alone",
    "serial-1000-octets",
    "signed",
]
_DAY = timedelta(hours=24)


@pytest.fixture(params=_SIGNED)
def replies(wire: Wire, request: pytest.FixtureRequest) -> tuple[Reply, ...]:
    """The answers to a vector: by POST and GET, the first and the next."""
    return answers.ask_all_ways(wire, VECTORS[request.param].request).all


def signer_of(scene: Scene, response: ocsp.OCSPResponse) -> x509.Certificate:
    """The delegate whose key the answer names."""
    by_key = {_key_hash(each): each for each in scene.delegates.values()}
    assert response.responder_key_hash is not None
    return by_key[response.responder_key_hash]


def _key_hash(certificate: x509.Certificate) -> bytes:
    return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def test_strict_der(replies: tuple[Reply, ...]) -> None:
    """X.690 section 10: decoded and encoded again by other hands, the octets are the same."""
    for reply in replies:
        assert answers.written_anew(reply.body) == reply.body


def test_signed_by_key(scene: Scene, replies: tuple[Reply, ...]) -> None:
    """RFC 9919 section 3.2.2: byKey, SHA-1 of the signer's key, whose signature it is; no SHA-1 in it (section 5.1)."""
    for reply in replies:
        response = answers.read(reply.body)
        assert response.responder_name is None
        answers.verify(reply.body, signer_of(scene, response))
        assert response.signature_algorithm_oid._name == "ecdsa-with-SHA256"  # noqa: SLF001 - the name it is shown by


def test_delegate_is_there_and_no_ca(scene: Scene, replies: tuple[Reply, ...]) -> None:
    """RFC 9919 section 3.2.2 and BR 7.1.2.8: the signer's certificate alone; the root and the CA, clients have."""
    for reply in replies:
        (included,) = answers.read(reply.body).certificates
        assert included == signer_of(scene, answers.read(reply.body))
        assert included not in {each.certificate for each in (ROOT, ISSUING, SECOND)}
        usage = included.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usage) == [ExtendedKeyUsageOID.OCSP_SIGNING]
        assert included.extensions.get_extension_for_class(x509.OCSPNoCheck).critical is False


def test_times(scene: Scene, replies: tuple[Reply, ...]) -> None:
    """RFC 6960 section 2.4 and RFC 9919 section 3.2.4: producedAt is thisUpdate, nextUpdate a day later, not beyond
    the signer's end (Mozilla MRSP 6), and none of them in the future.
    """  # noqa: D205 - two clauses
    for reply in replies:
        response = answers.read(reply.body)
        signer = signer_of(scene, response)
        for single in response.responses:
            assert single.this_update_utc == response.produced_at_utc
            assert single.next_update_utc is not None
            assert single.next_update_utc == single.this_update_utc + _DAY <= signer.not_valid_after_utc
        date = reply.header("Date")
        assert date is not None
        assert response.produced_at_utc <= parsedate_to_datetime(date) <= datetime.now(UTC)


def test_no_fractions(replies: tuple[Reply, ...]) -> None:
    """RFC 9919 section 3.2.4: YYYYMMDDHHMMSSZ, every time in the answer proper."""
    for reply in replies:
        proper = answers.read(reply.body).tbs_response_bytes
        times = re.findall(rb"\x18(.)(20\d{6}[\d.]*.)", proper, re.DOTALL)
        assert len(times) >= 3
        assert {(length, moment[14:]) for length, moment in times} == {(b"\x0f", b"Z")}


def test_fields(replies: tuple[Reply, ...]) -> None:
    """RFC 6960 section 4.2.1: no version, no singleExtensions (BR 7.3.2); responseExtensions for a nonce alone."""
    for reply in replies:
        data = answers.basic(reply.body)["tbs_response_data"]
        # The version is [0], and DER leaves the default out: the first value is the responderID, [2].
        assert data.contents[0] == 0xA2
        assert not any(each["single_extensions"].native for each in data["responses"])
        assert [each["extn_id"].native for each in data["response_extensions"] or []] in ([], ["nonce"])
        assert all(each["critical"].native is False for each in data["response_extensions"] or [])


def test_algorithms_agree(replies: tuple[Reply, ...]) -> None:
    """RFC 5758 section 3.2: ECDSA's AlgorithmIdentifier has no parameters."""
    for reply in replies:
        algorithm = answers.basic(reply.body)["signature_algorithm"]
        assert algorithm["algorithm"].native == "sha256_ecdsa"
        assert algorithm.dump() == bytes.fromhex("300a06082a8648ce3d040302")


@pytest.mark.parametrize("name", ["good", "revoked", "sha1-null-good", "sub-ca"])
def test_the_next_answer_is_the_same_octets(wire: Wire, name: str) -> None:
    """RFC 9919 section 6: what may be shared is sent again as it is, by POST and by GET."""
    found = answers.ask_all_ways(wire, VECTORS[name].request)

    assert len({reply.body for reply in found.posts}) == 1
    assert len({reply.body for reply in found.gets}) == 1
    assert len({reply.header("ETag") for reply in found.gets}) == 1
