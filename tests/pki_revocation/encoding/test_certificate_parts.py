"""The parts of a certificate, also where the library refuses a name or all extensions for one that is broken."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki_revocation.encoding.certificate_parts import CaKeyUsage, parts_of
from pki_revocation.encoding.der import integer, sequence, tlv
from tests.odd_authorities import (
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    ODD_EXTENSIONS,
    ODD_NAMES,
    SUBJECT_KEY_IDENTIFIER,
    UTF8,
    OddAuthority,
    OddExtension,
    odd_name,
)
from tests.pki import CertificateAuthority

CA = odd_name(UTF8, b"Register CA")


def test_parts_are_the_library_s_where_it_reads_them(authority: CertificateAuthority) -> None:
    """Of a certificate that is as RFC 5280 says, both make the same."""
    certificate = authority.certificate
    found = parts_of(certificate)

    assert found == parts_of(certificate.public_bytes(Encoding.DER))
    assert (found.issuer, found.subject) == (certificate.issuer.public_bytes(), certificate.subject.public_bytes())
    assert found.public_key == certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert found.key_oid == "1.2.840.10045.2.1"
    assert found.subject_key_identifier == authority.ski.digest
    assert found.key_usage == CaKeyUsage(key_cert_sign=True, crl_sign=True)
    assert found.is_ca
    assert found.is_self_issued


@pytest.mark.parametrize("extension", ODD_EXTENSIONS.values(), ids=list(ODD_EXTENSIONS))
def test_broken_extension_spoils_no_other(extension: OddExtension) -> None:
    """What is asked for is found all the same; the library gives none of them."""
    made = OddAuthority(CA, extension)
    with pytest.raises((ValueError, x509.DuplicateExtension)):
        _ = made.certificate.extensions
    found = parts_of(made.certificate)

    assert found.is_ca
    assert found.subject_key_identifier is not None
    assert found.key_usage == CaKeyUsage(key_cert_sign=True, crl_sign=True)


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=list(ODD_NAMES))
def test_name_is_its_octets(name: bytes) -> None:
    """Whatever they say: they are what is compared and hashed."""
    made = OddAuthority(name)

    issued = made.issue(made.certificate.not_valid_before_utc)

    assert parts_of(made.certificate).subject == name
    assert parts_of(issued).issuer == name


@pytest.mark.parametrize(
    ("constraints", "is_ca"),
    [
        (sequence(tlv(0x01, b"\xff")), True),
        (sequence(tlv(0x01, b"\x01"), integer(0)), True),
        (sequence(tlv(0x01, b"\x00")), False),
        (sequence(), False),
        (sequence(integer(3)), False),
        (tlv(0x05), False),
        (b"\xff", False),
    ],
)
def test_only_what_says_so_is_a_ca(constraints: bytes, *, is_ca: bool) -> None:
    """A default that is written out is read; what cannot be read says nothing."""
    made = OddAuthority(CA, extensions=[OddExtension(BASIC_CONSTRAINTS, constraints)])

    assert parts_of(made.certificate).is_ca is is_ca
    assert not parts_of(OddAuthority(CA, extensions=[]).certificate).is_ca


def test_key_usage_and_identifier_that_cannot_be_read() -> None:
    """A usage that cannot be read allows nothing that is known; without one, both are allowed."""
    broken = OddAuthority(
        CA, extensions=[OddExtension(KEY_USAGE, b"\x03\x00"), OddExtension(SUBJECT_KEY_IDENTIFIER, b"\x05\x00")]
    )
    with pytest.raises(ValueError, match=r".+"):
        _ = parts_of(broken.certificate).key_usage

    assert parts_of(broken.certificate).subject_key_identifier is None
    assert parts_of(OddAuthority(CA, extensions=[]).certificate).key_usage is None


@pytest.mark.parametrize("octets", [b"", b"\x30\x00", sequence(sequence(), sequence(), sequence()), b"\x02\x01\x05"])
def test_what_is_no_certificate(octets: bytes) -> None:
    """Never an index out of range."""
    with pytest.raises(ValueError, match=r".+"):
        parts_of(octets)
