"""Which issuer a CertID means."""

import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp_responder.answering.issuers import HASHES, Issuers, issuer_hashes, parents_of
from ocsp_responder.errors import Unauthorized
from ocsp_responder.request.message import CertId, parse_request
from pki_revocation.encoding.der import NULL, object_identifier, sequence, tlv
from pki_revocation.errors import ConfigurationError
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.ocsp_responder import messages
from tests.ocsp_responder.hierarchies import Subordinate
from tests.pki import CertificateAuthority

ONE, OTHER = CertificateAuthority("One CA"), CertificateAuthority("Other CA")
NAMESAKE = CertificateAuthority("One CA")


def issuer_of(authority: CertificateAuthority, number: int) -> Issuer:
    """An authority as the register would give it."""
    der = authority.certificate.public_bytes(Encoding.DER)
    return Issuer(id=number, name=f"issuer-{number}", certificate_der=der)


FIRST, SECOND, THIRD = issuer_of(ONE, 1), issuer_of(OTHER, 2), issuer_of(NAMESAKE, 3)


def cert_id(der: bytes) -> CertId:
    """The one CertID of a request."""
    return parse_request(messages.ocsp_request(messages.single(der))).cert_ids[0]


@pytest.mark.parametrize("parameters", [b"", tlv(NULL)], ids=["absent", "NULL"])
@pytest.mark.parametrize("name", HASHES.values())
def test_finds_by_every_hash(name: str, parameters: bytes) -> None:
    """SHA-1, 256, 384 and 512, with absent and with NULL parameters (RFC 5754 section 2)."""
    issuers = Issuers([FIRST, SECOND])

    assert issuers.find(cert_id(messages.cert_id_of(FIRST, 5, name, parameters))) is FIRST
    assert issuers.find(cert_id(messages.cert_id_of(SECOND, 5, name, parameters))) is SECOND


def test_finds_what_cryptography_asks(clock: FakeClock) -> None:
    """The hashes are those of another implementation (RFC 6960 section 4.1.1)."""
    (asked,) = parse_request(messages.built(ONE.issue("Zorg BV", clock.now()), ONE.certificate)).cert_ids

    assert Issuers([SECOND, FIRST]).find(asked) is FIRST


@pytest.mark.parametrize(
    "der",
    [
        pytest.param(messages.cert_id_of(SECOND, 5), id="RFC 9919 3.2.3: foreign issuer"),
        pytest.param(messages.cert_id_of(THIRD, 5), id="RFC 6960 4.1.1: same name, another key"),
        pytest.param(
            messages.cert_id(
                name_hash=hashlib.sha256(ONE.certificate.subject.public_bytes()).digest(), key_hash=bytes(32)
            ),
            id="right name hash, wrong key hash",
        ),
        pytest.param(
            messages.cert_id(messages.algorithm("sha1"), *issuer_hashes(FIRST, messages.OIDS["sha256"])),
            id="hashes of another algorithm",
        ),
        pytest.param(
            messages.cert_id(
                sequence(object_identifier("1.2.840.113549.2.5")),
                *issuer_hashes(FIRST, messages.OIDS["sha256"]),
            ),
            id="hash that nobody should use",
        ),
        pytest.param(messages.cert_id(name_hash=b"", key_hash=b""), id="hashes of no length"),
    ],
)
def test_is_not_authorised_for_others(der: bytes) -> None:
    """No authoritative record, so unauthorized (RFC 9919 section 3.2.3), whatever is half right."""
    with pytest.raises(Unauthorized):
        Issuers([FIRST]).find(cert_id(der))


def test_two_issuers_that_look_alike_are_refused() -> None:
    """One name and one key registered twice: no CertID could say which is meant."""
    twin = Issuer(id=9, name="twin", certificate_der=FIRST.certificate_der)

    with pytest.raises(ConfigurationError, match="'issuer-1' and 'twin'"):
        Issuers([FIRST, SECOND, twin])
    Issuers([FIRST, THIRD])


def test_parents_are_those_that_issued() -> None:
    """By name and signature: a namesake's certificates, and one's own, make nobody a parent."""
    root = CertificateAuthority("Root CA")
    below = Subordinate("Sub CA", root)
    deeper = Subordinate("Sub-sub CA", below)
    orphan = Subordinate("Orphan CA", CertificateAuthority("Root CA"))
    listed = [issuer_of(each, place) for place, each in enumerate([deeper, root, orphan, below])]

    assert parents_of(listed) == {0: (3, deeper.certificate.serial_number), 3: (1, below.certificate.serial_number)}
