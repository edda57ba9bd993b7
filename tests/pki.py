"""A small hierarchy for tests: `CertificateAuthority("Name").issue("Organisation", now)`."""

import secrets
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def name(common_name: str, organisation: str | None = None) -> x509.Name:
    """A subject with a common name, and an organisation where one is given."""
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, "NL")]
    if organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(attributes)


class CertificateAuthority:
    """A self-signed CA on P-256 that issues server and OCSP certificates."""

    def __init__(self, common_name: str) -> None:
        """Make its key and certificate, valid from 2026 for ten years."""
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.ski = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        self.name = name(common_name)
        self.certificate = self.certified(EPOCH, EPOCH + 3650 * DAY)

    def certified(self, begin: datetime, end: datetime) -> x509.Certificate:
        """A certificate of this name and key, as after a renewal."""
        return (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(self.name)
            .public_key(self.key.public_key())
            .serial_number(secrets.randbits(120) | 1 << 119)
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_key_usage(cert_sign=True), critical=True)
            .add_extension(self.ski, critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def issue(
        self,
        organisation: str,
        now: datetime,
        lifetime: timedelta = 365 * DAY,
        *,
        serial: int | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        crl_url: str | None = None,
    ) -> x509.Certificate:
        """A server certificate, valid from an hour before *now* to *lifetime* after it; *crl_url* is in its CDP."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        host = f"{organisation.lower().replace(' ', '-')}.example"
        builder = self._leaf(name(host, organisation), key, now, lifetime, serial)
        if crl_url is not None:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        return (
            builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def delegate(
        self, now: datetime, lifetime: timedelta = 14 * DAY
    ) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        """A delegated OCSP signing key and its certificate (BR 7.1.2.8)."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._leaf(name("Test OCSP responder"), key, now, lifetime, None)
            .add_extension(_key_usage(cert_sign=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
            .add_extension(x509.OCSPNoCheck(), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return key, certificate

    def _leaf(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        now: datetime,
        lifetime: timedelta,
        serial: int | None,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(serial or secrets.randbits(126) | 1 << 126)
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + lifetime)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self.ski), critical=False)
        )


def _key_usage(*, cert_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=cert_sign,
        crl_sign=cert_sign,
        encipher_only=False,
        decipher_only=False,
    )
