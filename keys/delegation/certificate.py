"""Delegated OCSP signing certificates, as the CA issues them (RFC 6960 section 4.2.2.2; BR 7.1.2.8)."""

import secrets
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID

from keys.errors import UnusableKey
from keys.identity import Purpose, SigningIdentity

# BR 7.1.2.8 allows notBefore up to a day back; clients' clocks are wrong by minutes.
_BACKDATE = timedelta(hours=1)
_SERIAL_BITS = 126


def issue_delegate(
    authority: SigningIdentity, key: CertificateIssuerPublicKeyTypes, *, now: datetime, lifetime: timedelta
) -> x509.Certificate:
    """A certificate that lets *key* sign OCSP answers for the authority, and nothing else.

    OCSPSigning alone, digitalSignature alone and critical, id-pkix-ocsp-nocheck, no CDP and no AIA; it ends before the
    CA's own certificate does.

    Raises:
        UnusableKey: when *authority* is not a CA's identity, or may not issue certificates.
    """
    _refuse_unless_issuer(authority)
    ca = authority.certificate
    common_name = ca.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    subject = x509.Name(
        [
            *ca.subject.get_attributes_for_oid(x509.NameOID.COUNTRY_NAME),
            *ca.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME),
            x509.NameAttribute(
                x509.NameOID.COMMON_NAME,
                f"{str(common_name[0].value) if common_name else 'CA'} OCSP {now:%Y-%m-%d}"[:64],
            ),
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca.subject)
        .public_key(key)
        .serial_number(secrets.randbits(_SERIAL_BITS) | 1 << _SERIAL_BITS)
        .not_valid_before(max(now - _BACKDATE, ca.not_valid_before_utc))
        .not_valid_after(min(now + lifetime, ca.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_DIGITAL_SIGNATURE, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier(authority.subject_key_identifier, None, None),
            critical=False,
        )
    )
    return authority.algorithm.build(builder, authority.key)


def _refuse_unless_issuer(authority: SigningIdentity) -> None:
    if authority.purpose is not Purpose.CRL:
        raise UnusableKey("A delegated OCSP certificate is issued by the CA's own key.")
    try:
        usage = authority.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.key_cert_sign:
        # RFC 5280 section 4.2.1.3.
        raise UnusableKey(f"The key usage of {authority.certificate.subject.rfc4514_string()} lacks keyCertSign.")


_DIGITAL_SIGNATURE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
