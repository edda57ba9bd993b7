"""The builder: every key type, the issuer's own bytes, and nothing that RFC 5280 forbids."""

from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto.crl import CertificateList
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type

from crl_publisher.crl.builder import build, subject_name
from crl_publisher.crl.crl_extensions import CrlParameters
from crl_publisher.crl.reading import parse_crl
from keys.algorithms import algorithm_for
from keys.demo.hierarchy import make_root
from keys.files.file_key import KEY_TYPES
from keys.identity import Purpose, SigningIdentity, identify
from pki_revocation.encoding.der import integer, sequence, time

NOW = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
PARAMETERS = CrlParameters(number=4711, this_update=NOW, next_update=NOW + timedelta(hours=48))


def identity_of(key_type: str) -> SigningIdentity:
    """A root with a key of this type."""
    root = make_root(key_type, NOW)
    return identify(root.key, root.certificate, Purpose.CRL, issuer=root.certificate, now=NOW)


@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_every_key_type_signs_what_cryptography_verifies(key_type: str) -> None:
    """The signature, number, AKI and entries come back from `cryptography` as they went in."""
    identity = identity_of(key_type)
    entries = [sequence(integer(serial), time(NOW)) for serial in (1, 0x80, 1 << 158)]

    data = build(identity, PARAMETERS, entries)

    crl = x509.load_der_x509_crl(data)
    assert crl.is_signature_valid(identity.certificate.public_key())  # type: ignore[arg-type] # a CA's key, by its making
    assert [revoked.serial_number for revoked in crl] == [1, 0x80, 1 << 158]
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 4711
    expected = x509.AuthorityKeyIdentifier(identity.subject_key_identifier, None, None)
    assert crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value == expected
    assert not any(extension.critical for extension in crl.extensions)
    assert (crl.last_update_utc, crl.next_update_utc) == (PARAMETERS.this_update, PARAMETERS.next_update)


def test_crl_is_what_the_cryptography_builder_signs() -> None:
    """Everything that is signed is byte for byte what another implementation makes of the same facts."""
    identity = identity_of("ed25519")
    revoked = x509.RevokedCertificateBuilder().serial_number(0xAB).revocation_date(NOW).build()
    theirs = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(identity.certificate.subject)
        .last_update(PARAMETERS.this_update)
        .next_update(PARAMETERS.next_update)
        .add_revoked_certificate(revoked)
        .add_extension(x509.AuthorityKeyIdentifier(identity.subject_key_identifier, None, None), critical=False)
        .add_extension(x509.CRLNumber(PARAMETERS.number), critical=False)
        .sign(identity.key, None)
    )

    ours = build(identity, PARAMETERS, [sequence(integer(0xAB), time(NOW))])

    # Ed25519 signs the same bytes with the same signature, so the whole can be compared.
    assert ours == theirs.public_bytes(Encoding.DER)


def test_list_is_left_out_when_nothing_is_revoked() -> None:
    """An empty list would be no CRL of RFC 5280 section 5.1.2.6."""
    data = build(identity_of("p256"), PARAMETERS, [])

    inner = CertificateList.load(data, strict=True)["tbs_cert_list"]
    assert inner["revoked_certificates"].native is None
    assert len(parse_crl(data)) == 0


def test_both_algorithm_identifiers_are_the_same_bytes() -> None:
    """RFC 5280 section 5.1.1.2, and the very encoding of BR 7.1.3.2."""
    identity = identity_of("rsa2048")

    frame = parse_crl(build(identity, PARAMETERS, [])).frame

    assert frame.inner_algorithm == frame.outer_algorithm == bytes.fromhex("300d06092a864886f70d01010b0500")


def test_issuer_keeps_the_string_types_of_the_certificate() -> None:
    """A subject in T61String and PrintableString comes back in its own bytes, which no parser is trusted with."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "NL", _type=_ASN1Type.PrintableString),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Zorg", _type=_ASN1Type.T61String),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "Zorg CA", _type=_ASN1Type.PrintableString),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    identity = SigningIdentity(
        key=key, certificate=certificate, algorithm=algorithm_for(key.public_key()), purpose=Purpose.CRL
    )

    frame = parse_crl(build(identity, PARAMETERS, [])).frame

    assert frame.issuer == subject_name(identity.certificate_der)
    assert frame.issuer in identity.certificate_der
    assert b"\x14\x04Zorg" in frame.issuer


def test_times_from_2050_on_are_generalized() -> None:
    """UTCTime ends with 2049 (RFC 5280 section 5.1.2.4)."""
    last = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
    parameters = CrlParameters(number=1, this_update=last, next_update=last + timedelta(seconds=1))

    frame = parse_crl(build(identity_of("p256"), parameters, [])).frame

    assert frame.is_generalized == (False, True)
