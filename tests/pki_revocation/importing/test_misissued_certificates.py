"""Whatever the issuer's key verifies is registered and can be revoked: misissued certificates first (BR 4.9.1.1)."""

import warnings
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.documents.checking import CERTIFICATE_FILE, attachments_of
from pki_revocation.encoding import der
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.der import DerError, explicit, extension, object_identifier, sequence, tlv
from pki_revocation.importing.candidates import CandidateRefused, Source
from pki_revocation.importing.importer import Importer
from pki_revocation.importing.known_issuers import KnownIssuers
from pki_revocation.importing.listing import listed
from pki_revocation.importing.pem_der import candidate_of, certificate_from_der
from pki_revocation.model import UNKNOWN_END, Channel, Issuer
from pki_revocation.policy import is_ca
from pki_revocation.proof.gathering import ReceiptEvidence
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.certificates import certificate_with_serial
from pki_revocation.service import RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.pki import DAY, CertificateAuthority, name
from tests.pki_revocation.importing.crafted_certificates import EXTENSIONS, SUBJECT, VALIDITY, crafted
from tests.pki_revocation.importing.test_pem_der import registered

COMMON_NAME, ORGANISATION = object_identifier("2.5.4.3"), object_identifier("2.5.4.10")
SAN, AIA = object_identifier("2.5.29.17"), object_identifier("1.3.6.1.5.5.7.1.1")
CONSTRAINTS, BASIC = object_identifier("2.5.29.30"), object_identifier("2.5.29.19")
TIMESTAMPS = object_identifier("1.3.6.1.4.1.11129.2.4.2")
_SOURCE = Source(Path("a.der"), "certificate")
UTC, GENERALIZED = der.UTC_TIME, der.GENERALIZED_TIME


def subject(*values: bytes, oid: bytes = COMMON_NAME) -> dict[int, bytes]:
    """A subject of such values, each in an RDN of its own."""
    return {SUBJECT: sequence(*(tlv(0x31, sequence(oid, value)) for value in values))}


def validity(*times: bytes) -> dict[int, bytes]:
    """A validity of such times."""
    return {VALIDITY: sequence(*times)}


# Each is one thing that a strict reader refuses, with a field of what is shown.
FIELDS: dict[str, dict[int, bytes]] = {
    "latin1 in a UTF8String": subject(tlv(0x0C, b"Z\xf6rg")),
    "latin1 in a PrintableString": subject(tlv(0x13, b"Z\xf6rg")),
    "utf-8 in a PrintableString": subject(tlv(0x13, "Zörg".encode())),
    "an at sign in a PrintableString": subject(tlv(0x13, b"a@b")),
    "TeletexString": subject(tlv(0x14, b"Z\xf6rg")),
    "BMPString of odd length": subject(tlv(0x1E, b"\0Z\0")),
    "BMPString with half a pair": subject(tlv(0x1E, b"\xd8\x00")),
    "UniversalString": subject(tlv(0x1C, "Zörg".encode("utf-32-be"))),
    "UniversalString out of range": subject(tlv(0x1C, b"\x7f\xff\xff\xff")),
    "a value that is no string": subject(tlv(0x03, b"\0\1")),
    "an empty string": subject(tlv(0x0C)),
    "a line break and a NUL": subject(tlv(0x0C, b"a\nb\0c")),
    "an attribute without a value": {SUBJECT: sequence(tlv(0x31, sequence(COMMON_NAME)))},
    "an attribute of no type": {SUBJECT: sequence(tlv(0x31, sequence(tlv(0x0C, b"x"), tlv(0x0C, b"y"))))},
    "an empty SET": {SUBJECT: sequence(tlv(0x31))},
    "an unsorted SET": {
        SUBJECT: sequence(tlv(0x31, sequence(ORGANISATION, tlv(0x0C, b"Z")), sequence(COMMON_NAME, tlv(0x0C, b"a"))))
    },
    "an empty subject": {SUBJECT: sequence()},
    "a subject that is no SEQUENCE": {SUBJECT: tlv(0x0C, b"zorg")},
    "UTCTime with an offset": validity(tlv(UTC, b"260101000000Z"), tlv(UTC, b"291231000000+0100")),
    "UTCTime without seconds": validity(tlv(UTC, b"2601010000Z"), tlv(UTC, b"2912310000Z")),
    "GeneralizedTime with a fraction": validity(tlv(UTC, b"260101000000Z"), tlv(GENERALIZED, b"20291231000000.5Z")),
    "GeneralizedTime before 2050": validity(tlv(UTC, b"260101000000Z"), tlv(GENERALIZED, b"20291231000000Z")),
    "an end before the beginning": validity(tlv(UTC, b"291231000000Z"), tlv(UTC, b"280101000000Z")),
    "an end that cannot be": validity(tlv(UTC, b"260101000000Z"), tlv(UTC, b"291399000000Z")),
    "no end": validity(tlv(UTC, b"260101000000Z")),
    "an end that is no time": validity(tlv(UTC, b"260101000000Z"), tlv(0x0C, b"never")),
    "extensions that are no SEQUENCE": {EXTENSIONS: explicit(3, tlv(0x0C, b"x"))},
    "extensions cut off": {EXTENSIONS: explicit(3, b"\x30\x7f\0")},
    "nothing in the extensions": {EXTENSIONS: explicit(3)},
}
ADDED: dict[str, bytes] = {
    "critical FALSE written out": sequence(SAN, b"\1\1\0", tlv(0x04, sequence(tlv(0x82, b"a.example")))),
    "SAN with an address of three octets": extension(SAN, sequence(tlv(0x87, b"\1\2\3"))),
    "AIA that is NULL": extension(AIA, tlv(0x05)),
    "empty nameConstraints": extension(CONSTRAINTS, sequence()),
    "cA FALSE written out": extension(BASIC, sequence(b"\1\1\0")),
    "pathLen without cA": extension(BASIC, sequence(tlv(0x02, b"\0"))),
    "basic constraints that are none": extension(BASIC, b"\xff"),
    "a broken list of timestamps": extension(TIMESTAMPS, b"\0\1"),
    "an extension of nothing": sequence(),
    "an extension that is a string": tlv(0x0C, b"x"),
}


def all_of_them(authority: CertificateAuthority, clock: FakeClock) -> dict[str, bytes]:
    """The DER of each, with serials of their own."""
    found: dict[str, bytes] = {}
    for place, (what, fields) in enumerate(FIELDS.items(), start=1):
        found[what] = crafted(authority, authority.issue("Zorg BV", clock.now(), serial=place), fields)
    for place, (what, added) in enumerate(ADDED.items(), start=1 + len(found)):
        plain = authority.issue("Zorg BV", clock.now(), serial=place)
        # Twice, which is the next thing that a strict reader refuses.
        found[what] = crafted(authority, plain, extensions=[added, added])
    return found


def test_each_is_registered_and_revoked(
    importer: Importer,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    service: RevocationService,
    tmp_path: Path,
) -> None:
    """With a number, a subject that can be printed, and its own octets kept; nothing shown breaks a line."""
    made, folder = all_of_them(authority, clock), tmp_path / "issued"
    folder.mkdir()
    for place, octets in enumerate(made.values(), start=1):
        (folder / f"{place:03}.der").write_bytes(octets)

    report = importer.run([folder])

    assert (report.added, report.refused) == (len(made), {})
    with database.read() as connection:
        kept = {row.serial: row for row in connection.execute(select(certificates))}
        lines = list(listed(connection, issuer, 1000))
    for place, (what, octets) in enumerate(made.items(), start=1):
        assert kept[place].der == octets, what
        assert kept[place].number, what
        assert not kept[place].is_ca, what
    assert all(line.subject.isprintable() for line in lines)
    assert all(line.status(clock.now()) == "good" for line in lines)
    revoke = RevocationRequest(reason=RevocationReason.UNSPECIFIED, channel=Channel.OPERATOR)
    for place in kept:
        assert not service.revoke_for_operator(None, place, revoke).repeated
    unknown = {what for place, what in enumerate(made, start=1) if kept[place].not_after == UNKNOWN_END}
    assert unknown == {"an end that cannot be", "no end", "an end that is no time"}
    assert importer.run([folder]).agreed == len(made)


def test_library_refuses_most_of_them(authority: CertificateAuthority, clock: FakeClock) -> None:
    """Otherwise these tests would prove nothing: a strict reader stumbles over each of most of them."""
    refused = 0
    for octets in all_of_them(authority, clock).values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                read = x509.load_der_x509_certificate(octets)
                assert [each.oid for each in read.extensions]
                assert read.subject.rfc4514_string()
            except (ValueError, TypeError, x509.DuplicateExtension, AssertionError):
                refused += 1
    assert refused > 25


def test_signature_decides_alone(authority: CertificateAuthority, clock: FakeClock) -> None:
    """The very same octets, signed by another key, belong to no issuer here."""
    stranger = CertificateAuthority("Test CA")
    for what, octets in all_of_them(authority, clock).items():
        issuers = registered(stranger, authority)
        with pytest.raises(CandidateRefused, match=r"not verified|not registered"):
            candidate_of(parts_of(octets), registered(stranger), _SOURCE, 1)
        assert candidate_of(parts_of(octets), issuers, _SOURCE, 1).issuer_id == 2, what


@pytest.mark.parametrize("cut", [0, 1, 2, 10, 100, -1])
def test_what_is_no_certificate_is_said(authority: CertificateAuthority, clock: FakeClock, cut: int) -> None:
    """Cut off anywhere, or with something behind it."""
    octets = authority.issue("Zorg BV", clock.now()).public_bytes(Encoding.DER)
    for broken in (octets[:cut], octets + b"\0"):
        with pytest.raises(DerError):
            parts_of(broken)


def test_ca_certificate_needs_a_reason_however_odd_it_is(
    importer: Importer,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    """BR 7.2.2: what a strict reader cannot say of it is read all the same."""
    plain = authority.issue("Zorg BV", clock.now(), serial=9)
    (tmp_path / "a.der").write_bytes(
        crafted(authority, plain, extensions=[extension(BASIC, sequence(b"\1\1\xff")), extension(SAN, b"\xff")])
    )

    assert importer.run([tmp_path / "a.der"]).numbered == 0

    with database.read() as connection:
        found = certificate_with_serial(connection, issuer.id, 9)
    assert found is not None
    assert is_ca(found)


def test_receipt_carries_the_certificate_as_it_was_issued(authority: CertificateAuthority, clock: FakeClock) -> None:
    """In PEM, octet for octet, although the library cannot read it."""
    octets = crafted(authority, authority.issue("Zorg BV", clock.now()), FIELDS["latin1 in a UTF8String"])
    evidence = ReceiptEvidence(ocsp=None, crl=None, certificate=octets, chain=(authority.certificate,))

    (block,) = [body for name, body in attachments_of(evidence).items() if name == CERTIFICATE_FILE]

    text = block.decode()
    assert all(len(line) <= 64 for line in text.splitlines())
    assert certificate_from_der(octets).der == octets
    assert x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER) == octets


def signed_with(scheme: str, clock: FakeClock) -> tuple[KnownIssuers, bytes]:
    """An issuer whose key signs in this way, and a certificate that it signed."""
    kind, _, digest = scheme.partition("-")
    algorithm = None if not digest else getattr(hashes, digest.upper())()
    key: CertificateIssuerPrivateKeyTypes
    match kind:
        case "ed25519":
            key = ed25519.Ed25519PrivateKey.generate()
        case "ecdsa":
            key = ec.generate_private_key(ec.SECP256R1())
        case _:
            key = rsa.generate_private_key(65537, 2048)
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), 48) if kind == "pss" else None
    now = clock.now()

    def issue(subject_name: str, serial: int) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject_name))
            .issuer_name(name("CA"))
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
        )
        return builder.sign(key, algorithm, rsa_padding=pss).public_bytes(Encoding.DER)

    known = KnownIssuers([Issuer(id=1, name="ca", certificate_der=issue("CA", 1))])
    return known, issue("Zorg", 2)


@pytest.mark.parametrize(
    "scheme", ["pkcs1-sha224", "pkcs1-sha256", "pss-sha384", "ecdsa-sha224", "ecdsa-sha512", "ed25519"]
)
def test_every_kind_of_signature(scheme: str, clock: FakeClock) -> None:
    """By the issuer's key alone, with digests that no CA may use any more too; one octet changed is another's."""
    issuers, octets = signed_with(scheme, clock)
    found = candidate_of(parts_of(octets), issuers, _SOURCE, 1)
    assert found.issuer_id == 1
    changed = octets[:-1] + bytes((octets[-1] ^ 1,))
    with pytest.raises(CandidateRefused, match="is not verified"):
        candidate_of(parts_of(changed), issuers, _SOURCE, 1)
