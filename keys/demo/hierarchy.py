"""The demo's PKI: a root, an issuing CA, and server certificates as a real register issues them.

16-byte random serials, one DNS name, serverAuth and clientAuth, AIA and CDP that point at the demo's own services.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificateIssuerPublicKeyTypes,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from keys.algorithms import SignatureName, algorithm_for
from keys.files.file_key import KEY_TYPES
from pki_revocation.proof.certificates import DOCUMENT_SIGNING

from .names import organisation

_YEAR = timedelta(days=365)
_ROOT_LIFETIME = 20 * _YEAR
_CA_LIFETIME = 10 * _YEAR
# Of the same kind as the register's; BR's 200 days hold for publicly trusted certificates.
_SERVER_LIFETIME = _YEAR
# What it signed is checked as of the moment of signing.
_SIGNER_LIFETIME = 3 * _YEAR
_BACKDATE = timedelta(hours=1)
_SERIAL_OCTETS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A CA's key and certificate."""

    key: CertificateIssuerPrivateKeyTypes
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where relying parties find what they need, as certificates name it."""

    ocsp: str
    crl: str
    ca_certificate: str


def make_root(key_type: str, now: datetime) -> Authority:
    """A root CA with a self-signed certificate, on a key of its own."""
    key = KEY_TYPES[key_type]()
    return Authority(key=key, certificate=self_signed(key, now))


def self_signed(
    key: CertificateIssuerPrivateKeyTypes, now: datetime, signature: SignatureName | None = None
) -> x509.Certificate:
    """A root's certificate for a key, wherever that lives."""
    subject = _name("Demo Register Root CA")
    builder = _ca(subject, subject, key.public_key(), now, _ROOT_LIFETIME, path_length=1)
    return algorithm_for(key.public_key(), signature).build(builder, key)


def make_issuing_ca(root: Authority, key_type: str, now: datetime, addresses: Addresses) -> Authority:
    """An issuing CA under the root, with the root's CRL and certificate as its addresses."""
    key = KEY_TYPES[key_type]()
    builder = _ca(
        _name("Demo Zorgverzekeraars CA"), root.certificate.subject, key.public_key(), now, _CA_LIFETIME, path_length=0
    )
    builder = _with_addresses(builder, addresses, with_ocsp=False).add_extension(
        _authority_key_identifier(root), critical=False
    )
    return Authority(key=key, certificate=_signed(builder, root))


def issue_server(
    authority: Authority, place: int, now: datetime, addresses: Addresses
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A server certificate for the organisation at a place; its own key is always P-256."""
    key = ec.generate_private_key(ec.SECP256R1())
    holder = organisation(place)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, holder.name),
            x509.NameAttribute(NameOID.COMMON_NAME, holder.host),
        ]
    )
    builder = (
        _base(subject, authority.certificate.subject, key.public_key(), now, _SERVER_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(ca=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(holder.host)]), critical=False)
        .add_extension(_authority_key_identifier(authority), critical=False)
    )
    return key, _signed(_with_addresses(builder, addresses, with_ocsp=True), authority)


def issue_document_signer(
    authority: Authority, now: datetime, addresses: Addresses
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """The key that signs receipts and its certificate, for documents alone (RFC 9336); always P-256."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _base(_name("Demo Register receipts"), authority.certificate.subject, key.public_key(), now, _SIGNER_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(ca=False, commits=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_authority_key_identifier(authority), critical=False)
    )
    return key, _signed(_with_addresses(builder, addresses, with_ocsp=True), authority)


def _ca(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificateIssuerPublicKeyTypes,
    now: datetime,
    lifetime: timedelta,
    *,
    path_length: int,
) -> x509.CertificateBuilder:
    return (
        _base(subject, issuer, key, now, lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _base(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificateIssuerPublicKeyTypes,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    # 128 random bits; the top bits are set so that it is positive and always takes 16 octets.
    serial = int.from_bytes(secrets.token_bytes(_SERIAL_OCTETS)) & ~(1 << 127) | 1 << 126
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + lifetime)
    )


def _with_addresses(
    builder: x509.CertificateBuilder, addresses: Addresses, *, with_ocsp: bool
) -> x509.CertificateBuilder:
    access = [
        x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(addresses.ca_certificate)
        )
    ]
    if with_ocsp:
        access.insert(
            0,
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(addresses.ocsp)),
        )
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(addresses.crl)], None, None, None)
    return builder.add_extension(x509.AuthorityInformationAccess(access), critical=False).add_extension(
        x509.CRLDistributionPoints([point]), critical=False
    )


def _signed(builder: x509.CertificateBuilder, authority: Authority) -> x509.Certificate:
    return algorithm_for(authority.key.public_key()).build(builder, authority.key)


def _authority_key_identifier(authority: Authority) -> x509.AuthorityKeyIdentifier:
    identifier = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _key_usage(*, ca: bool, commits: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=commits,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Demo Register"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
