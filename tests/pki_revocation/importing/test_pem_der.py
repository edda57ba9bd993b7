"""Certificates from PEM and DER: verified with their issuer's key, bundles read through, the rest refused."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.importing.candidates import Candidate, Refusal, RefusalKind
from pki_revocation.importing.known_issuers import KnownIssuers
from pki_revocation.importing.pem_der import read_der, read_pem
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.pki import EPOCH, CertificateAuthority, name
from tests.pki_revocation.importing.rows import pem, with_serial


def registered(*authorities: CertificateAuthority) -> KnownIssuers:
    """These authorities as issuers with the ids 1, 2, …."""
    return KnownIssuers(
        [
            Issuer(id=place, name=f"ca-{place}", certificate_der=each.certificate.public_bytes(Encoding.DER))
            for place, each in enumerate(authorities, start=1)
        ]
    )


def private_key(authority: CertificateAuthority) -> bytes:
    """The authority's key, as it must never be kept."""
    return authority.key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def test_certificate_is_read_whole(tmp_path: Path, authority: CertificateAuthority, clock: FakeClock) -> None:
    """Serial, subject, organisation, validity and the certificate itself."""
    certificate = authority.issue("Zorg BV", clock.now())
    (tmp_path / "a.pem").write_bytes(pem(certificate))

    (one,) = read_pem(tmp_path / "a.pem", registered(authority))

    assert isinstance(one, Candidate)
    assert one.issuer_id == 1
    assert one.serial == certificate.serial_number
    assert (one.subject, one.organisation) == ("CN=zorg-bv.example,O=Zorg BV,C=NL", "Zorg BV")
    assert (one.not_before, one.not_after) == (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    assert one.der == certificate.public_bytes(Encoding.DER)
    assert one.for_subscriber


def test_bundle_with_a_key_and_words_between(tmp_path: Path, authority: CertificateAuthority, clock: FakeClock) -> None:
    """Every certificate of a bundle is taken in order, with its rank; keys and text are passed over."""
    certificates = [authority.issue(f"Zorg {place}", clock.now()) for place in range(3)]
    blocks = [pem(each) for each in certificates]
    (tmp_path / "bundle.pem").write_bytes(
        b"Bag Attributes\r\n" + blocks[0] + private_key(authority) + blocks[1].replace(b"\n", b"\r\n") + blocks[2]
    )

    found = [each for each in read_pem(tmp_path / "bundle.pem", registered(authority)) if isinstance(each, Candidate)]

    assert [each.serial for each in found] == [each.serial_number for each in certificates]
    assert [each.place for each in found] == [1, 2, 3]


def test_broken_block_is_refused_and_the_next_is_read(
    tmp_path: Path, authority: CertificateAuthority, clock: FakeClock
) -> None:
    """A block that is damaged, cut off, or OpenSSL's own kind takes nothing else with it."""
    good = pem(authority.issue("Zorg BV", clock.now()))
    damaged = good.replace(good[80:90], b"AAAAAAAAAA")
    cut_off = b"\n".join(good.splitlines()[:4]) + b"\n"
    trusted = good.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE")
    (tmp_path / "a.pem").write_bytes(damaged + cut_off + trusted + good + cut_off)

    found = list(read_pem(tmp_path / "a.pem", registered(authority)))

    assert [isinstance(each, Candidate) for each in found] == [False, False, False, True, False]
    refusals = [each for each in found if isinstance(each, Refusal)]
    assert [each.place for each in refusals] == [1, 2, 3, 5]
    assert "TRUSTED CERTIFICATE" in refusals[2].reason


def test_block_without_end_does_not_fill_the_memory(tmp_path: Path, authority: CertificateAuthority) -> None:
    """A block of megabytes is given up at the size that no certificate has."""
    (tmp_path / "a.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\n" + b"A" * 64 * 1024 * 64)

    found = list(read_pem(tmp_path / "a.pem", registered(authority)))

    assert len(found) == 1
    assert isinstance(found[0], Refusal)


def test_der_file(tmp_path: Path, authority: CertificateAuthority, clock: FakeClock) -> None:
    """A DER file is one certificate, with nothing behind it."""
    der = authority.issue("Zorg BV", clock.now()).public_bytes(Encoding.DER)
    outcomes = {"good": der, "longer": der + b"\0", "shorter": der[:-1], "huge": der + bytes(300_000)}
    for file, octets in outcomes.items():
        (tmp_path / file).write_bytes(octets)

    found = {file: next(read_der(tmp_path / file, registered(authority))) for file in outcomes}

    assert isinstance(found["good"], Candidate)
    for file in ("longer", "shorter", "huge"):
        refusal = found[file]
        assert isinstance(refusal, Refusal)
        assert refusal.kind is RefusalKind.BROKEN
        assert str(refusal).startswith(f"{tmp_path / file}: It is ")


def test_signature_must_be_the_issuers(tmp_path: Path, clock: FakeClock) -> None:
    """A certificate that names a registered issuer and was signed by another key is refused."""
    real, impostor, stranger = (CertificateAuthority(each) for each in ("Zorg CA", "Zorg CA", "Vreemde CA"))
    (tmp_path / "a.pem").write_bytes(pem(impostor.issue("Zorg BV", clock.now()), stranger.issue("Ander", clock.now())))

    forged, unknown = read_pem(tmp_path / "a.pem", registered(real))

    assert isinstance(forged, Refusal)
    assert forged.kind is RefusalKind.SIGNATURE
    assert "'ca-1'" in forged.reason
    assert isinstance(unknown, Refusal)
    assert unknown.kind is RefusalKind.ISSUER
    assert "CN=Vreemde CA,C=NL" in unknown.reason


def test_issuers_of_one_name_are_told_apart_by_their_keys(tmp_path: Path, clock: FakeClock) -> None:
    """After a change of keys, two issuers have one name: each certificate belongs to the one that signed it."""
    old, new = CertificateAuthority("Zorg CA"), CertificateAuthority("Zorg CA")
    (tmp_path / "a.pem").write_bytes(pem(new.issue("Nieuw", clock.now()), old.issue("Oud", clock.now())))

    found = [each for each in read_pem(tmp_path / "a.pem", registered(old, new)) if isinstance(each, Candidate)]

    assert [each.issuer_id for each in found] == [2, 1]


@pytest.mark.parametrize(("octets", "serial"), [(b"\xff", -1), (b"\0", 0), (b"\x7f" * 21, int("7f" * 21, 16))])
def test_odd_serials_are_read_for_the_importer_to_refuse(
    tmp_path: Path, authority: CertificateAuthority, clock: FakeClock, octets: bytes, serial: int
) -> None:
    """The library's warnings about them do not come out."""
    (tmp_path / "a.der").write_bytes(with_serial(authority, authority.issue("Zorg BV", clock.now()), octets))

    (one,) = read_der(tmp_path / "a.der", registered(authority))

    assert isinstance(one, Candidate)
    assert one.serial == serial


def test_certificates_of_the_ca_are_no_subscribers(
    tmp_path: Path, authority: CertificateAuthority, clock: FakeClock
) -> None:
    """A sub-CA's and an OCSP responder's certificate are known, and get no number."""
    sub = CertificateAuthority("Sub CA")
    sub_certificate = (
        x509.CertificateBuilder()
        .subject_name(name("Sub CA"))
        .issuer_name(authority.certificate.subject)
        .public_key(sub.key.public_key())
        .serial_number(4711)
        .not_valid_before(EPOCH)
        .not_valid_after(authority.certificate.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority.key, hashes.SHA256())
    )
    _, responder = authority.delegate(clock.now())
    (tmp_path / "a.pem").write_bytes(pem(sub_certificate, responder))

    found = [each for each in read_pem(tmp_path / "a.pem", registered(authority)) if isinstance(each, Candidate)]

    assert [each.for_subscriber for each in found] == [False, False]
    sub_issuer = Issuer(id=2, name="sub", certificate_der=sub_certificate.public_bytes(Encoding.DER))
    root_issuer = Issuer(id=1, name="root", certificate_der=authority.certificate.public_bytes(Encoding.DER))
    issuers = KnownIssuers((root_issuer, sub_issuer))
    assert issuers.serials_signed_by(root_issuer) == {authority.certificate.serial_number, 4711}
    assert issuers.serials_signed_by(sub_issuer) == frozenset()
