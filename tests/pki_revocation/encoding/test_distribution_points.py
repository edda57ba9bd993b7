"""The addresses in a certificate's CRL distribution points: in their order, and nothing else."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from pki_revocation.encoding.certificate_parts import parts_of
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority, name

URLS = ("http://a.example/1.crl", "http://b.example/1.crl", "ldap://c.example/cn=x")


def distribution_points(certificate: x509.Certificate) -> tuple[str, ...]:
    """What is read of its octets."""
    return parts_of(certificate).distribution_points


def naming(authority: CertificateAuthority, clock: FakeClock, points: list[x509.DistributionPoint]) -> x509.Certificate:
    """A certificate with these distribution points."""
    plain = authority.issue("Zorg BV", clock.now())
    return (
        x509.CertificateBuilder()
        .subject_name(plain.subject)
        .issuer_name(plain.issuer)
        .public_key(plain.public_key())
        .serial_number(plain.serial_number)
        .not_valid_before(plain.not_valid_before_utc)
        .not_valid_after(plain.not_valid_after_utc)
        .add_extension(x509.CRLDistributionPoints(points), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def test_every_address_in_its_order(authority: CertificateAuthority, clock: FakeClock) -> None:
    """Of several points, and of several names in one; other kinds of names are none."""
    uris = [x509.UniformResourceIdentifier(url) for url in URLS]
    points = [
        x509.DistributionPoint([x509.DirectoryName(name("x")), uris[0], uris[1]], None, None, None),
        x509.DistributionPoint([uris[2]], None, None, None),
        x509.DistributionPoint(None, name("y").rdns[0], None, None),
        x509.DistributionPoint(None, None, None, [x509.DirectoryName(name("z"))]),
    ]

    assert distribution_points(naming(authority, clock, points)) == URLS


@pytest.mark.parametrize("url", [None, URLS[0]])
def test_certificate_with_one_or_none(url: str | None, authority: CertificateAuthority, clock: FakeClock) -> None:
    """As most have it."""
    certificate = authority.issue("Zorg BV", clock.now(), crl_url=url)

    assert distribution_points(certificate) == (() if url is None else (url,))
