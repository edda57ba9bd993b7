"""Delegated OCSP signing certificates, as the CA issues them (RFC 6960 section 4.2.2.2; BR 7.1.2.8).

The DER is put together here: the issuer is the CA's subject octet for octet (BR 7.1.4.1), also where that is a name
that `cryptography` cannot decode and its builder cannot write, and the signature's algorithm is the identity's own.
"""

import secrets
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from keys.errors import UnusableKey
from keys.identity import Purpose, SigningIdentity, ca_key_usage
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.der import (
    OBJECT_IDENTIFIER,
    bit_string,
    explicit,
    extension,
    integer,
    object_identifier,
    sequence,
    time,
    tlv,
)
from pki_revocation.encoding.names import COMMON_NAME, COUNTRY, ORGANISATION, common_name, readable_parts, subject_text

# BR 7.1.2.8 allows notBefore up to a day back; clients' clocks are wrong by minutes.
_BACKDATE = timedelta(hours=1)
_SERIAL_BITS = 126
_VERSION_3 = 2
_SET, _UTF8_STRING = 0x31, 0x0C
# RFC 5280 appendix A: ub-common-name.
_LONGEST_COMMON_NAME = 64


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
    algorithm = authority.algorithm.identifier
    to_be_signed = sequence(
        explicit(0, integer(_VERSION_3)),
        integer(secrets.randbits(_SERIAL_BITS) | 1 << _SERIAL_BITS),
        algorithm,
        parts_of(ca).subject,
        sequence(
            time(max(now - _BACKDATE, ca.not_valid_before_utc)), time(min(now + lifetime, ca.not_valid_after_utc))
        ),
        _subject(ca, now),
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        explicit(3, sequence(*(_encoded(each, critical=critical) for each, critical in _extensions(authority, key)))),
    )
    signature = bit_string(authority.sign(to_be_signed))
    return x509.load_der_x509_certificate(sequence(to_be_signed, algorithm, signature))


def _subject(ca: x509.Certificate, now: datetime) -> bytes:
    """The CA's country and organisation in its own octets, as far as they are text, and a common name of its own."""
    tail = f" OCSP {now:%Y-%m-%d}"
    common = f"{(common_name(ca) or 'CA')[: _LONGEST_COMMON_NAME - len(tail)]}{tail}"
    own = tlv(_SET, sequence(tlv(OBJECT_IDENTIFIER, COMMON_NAME), tlv(_UTF8_STRING, common.encode())))
    return sequence(*readable_parts(parts_of(ca).subject, {COUNTRY, ORGANISATION}), own)


def _extensions(
    authority: SigningIdentity, key: CertificateIssuerPublicKeyTypes
) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """Each, and whether it is critical."""
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_DIGITAL_SIGNATURE, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
        (x509.OCSPNoCheck(), False),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (x509.AuthorityKeyIdentifier(authority.subject_key_identifier, None, None), False),
    )


def _encoded(value: x509.ExtensionType, *, critical: bool) -> bytes:
    return extension(object_identifier(value.oid.dotted_string), value.public_bytes(), critical=critical)


def _refuse_unless_issuer(authority: SigningIdentity) -> None:
    if authority.purpose is not Purpose.CRL:
        raise UnusableKey("A delegated OCSP certificate is issued by the CA's own key.")
    subject = subject_text(authority.certificate)
    usage = ca_key_usage(authority.certificate, subject)
    if usage is not None and not usage.key_cert_sign:
        # RFC 5280 section 4.2.1.3.
        raise UnusableKey(f"The key usage of {subject} lacks keyCertSign.")


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
