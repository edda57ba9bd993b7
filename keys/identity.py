"""A signing identity: a private key, its certificate, its algorithm and what it may sign.

A key and a certificate that do not match, a purpose that the certificate forbids, or an expired certificate cannot
become one.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificateIssuerPublicKeyTypes,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from keys.files.key_lock import KeyLock
from pki_revocation.clock import iso
from pki_revocation.encoding.certificate_parts import CaKeyUsage, parts_of
from pki_revocation.encoding.names import subject_text
from pki_revocation.encoding.plain_cause import plain_cause

from .algorithms import SignatureName, algorithm_for, algorithms_for
from .errors import UnusableKey
from .signature_algorithm import SignatureAlgorithm


class Purpose(Enum):
    """What an identity signs."""

    CRL = "CRL signing"
    OCSP = "OCSP signing"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningIdentity:
    """Made by `identify` alone, which checks it; *lock* keeps a responder's own key from being destroyed meanwhile."""

    key: CertificateIssuerPrivateKeyTypes = field(repr=False)
    certificate: x509.Certificate
    algorithm: SignatureAlgorithm
    purpose: Purpose
    lock: KeyLock | None = field(default=None, repr=False, compare=False)

    def sign(self, *parts: bytes) -> bytes:
        """A signature over the parts as if they were one."""
        return self.algorithm.sign(self.key, parts)

    def sign_stream(self, parts: Iterable[bytes]) -> bytes:
        """A signature over parts that come one by one: they are hashed as they come where the algorithm allows."""
        return self.algorithm.sign(self.key, parts)

    @property
    def may_wait(self) -> bool:
        """Whether a signature may take long: one of a token may, one of a file never does."""
        return bool(getattr(self.key, "may_wait", False))

    @property
    def algorithms(self) -> tuple[SignatureAlgorithm, ...]:
        """All that the key may sign with under its certificate, the usual one first.

        One scheme only: a key that signs with PSS signs nothing with PKCS#1 v1.5 (RFC 4055 section 1.2).
        """
        allowed = [each for each in algorithms_for(self.certificate) if each.scheme is self.algorithm.scheme]
        return (self.algorithm, *(each for each in allowed if each is not self.algorithm))

    def signer(self, algorithm: SignatureAlgorithm) -> Callable[[bytes], bytes]:
        """What signs one short text after the other, with one of `algorithms`."""
        return algorithm.signer(self.key)

    @property
    def subject_key_identifier(self) -> bytes:
        """The certificate's own, which the AKI of what it signs repeats (RFC 5280 section 5.2.1)."""
        return subject_key_identifier(self.certificate)

    @property
    def key_hash(self) -> bytes:
        """SHA-1 over the public key's bits: the responder's byKey (RFC 6960 section 4.2.2.3)."""
        return key_hash(self.certificate)

    @property
    def certificate_der(self) -> bytes:
        """The certificate in DER, as it goes into answers."""
        return self.certificate.public_bytes(Encoding.DER)


def identify(
    key: CertificateIssuerPrivateKeyTypes,
    certificate: x509.Certificate,
    purpose: Purpose,
    *,
    issuer: x509.Certificate,
    now: datetime,
    signature: SignatureName | None = None,
) -> SigningIdentity:
    """Tie a key to its certificate for one purpose, under the CA that it signs for.

    Args:
        key: a private key, wherever it lives.
        certificate: its.
        purpose: what it is to sign.
        issuer: the CA that it signs for.
        now: the certificate must be valid then.
        signature: what to sign with; the key's usual algorithm when None.

    Raises:
        UnusableKey: when they do not belong together, the certificate forbids the purpose, or is not valid now.
    """
    subject = subject_text(certificate)
    if _spki(key.public_key()) != certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    ):
        raise UnusableKey(f"The key does not belong to the certificate of {subject}.")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise UnusableKey(
            f"The certificate of {subject} is valid from {iso(certificate.not_valid_before_utc)} "
            f"to {iso(certificate.not_valid_after_utc)}, and not now."
        )
    match purpose:
        case Purpose.CRL:
            _refuse_unless_crl_signer(certificate, issuer, subject)
        case Purpose.OCSP:
            _refuse_unless_ocsp_signer(certificate, issuer, subject)
    algorithm = algorithm_for(certificate, signature)
    return SigningIdentity(key=key, certificate=certificate, algorithm=algorithm, purpose=purpose)


def subject_key_identifier(certificate: x509.Certificate) -> bytes:
    """The identifier that a certificate gives its key, or would have given it (RFC 5280 section 4.2.1.2)."""
    return parts_of(certificate).key_identifier


def key_hash(certificate: x509.Certificate) -> bytes:
    """SHA-1 over the bits of a certificate's public key."""
    return hashlib.sha1(public_key_bits(certificate), usedforsecurity=False).digest()


def public_key_bits(certificate: x509.Certificate) -> bytes:
    """The contents of subjectPublicKey, without tag, length and unused bits: what key hashes are taken over."""
    return parts_of(certificate).key_bits


def _refuse_unless_crl_signer(certificate: x509.Certificate, issuer: x509.Certificate, subject: str) -> None:
    """No indirect CRLs: the CA signs its own, with cRLSign (RFC 5280 section 6.3.3 (f))."""
    if certificate != issuer:
        raise UnusableKey(f"{subject} is not the issuer {subject_text(issuer)}: CRLs are signed by the CA.")
    usage = ca_key_usage(certificate, subject)
    if usage is not None and not usage.crl_sign:
        raise UnusableKey(f"The key usage of {subject} lacks cRLSign.")


def ca_key_usage(certificate: x509.Certificate, subject: str) -> CaKeyUsage | None:
    """What a CA's certificate lets its key sign; None where it says nothing of it.

    Raises:
        UnusableKey: when what it says cannot be read.
    """
    try:
        return parts_of(certificate).key_usage
    except ValueError as error:
        raise UnusableKey(f"The key usage of {subject} cannot be read: {plain_cause(error)}.") from error


def _refuse_unless_ocsp_signer(certificate: x509.Certificate, issuer: x509.Certificate, subject: str) -> None:
    """The CA itself, or a delegate of its with OCSPSigning and nocheck (RFC 6960 section 4.2.2.2; BR 7.1.2.8)."""
    if certificate == issuer:
        return
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception as error:  # any failure of a signature check, of whichever algorithm, is the same refusal
        raise UnusableKey(f"{subject} was not issued by {subject_text(issuer)}.") from error
    extensions = certificate.extensions
    try:
        usages = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        extensions.get_extension_for_class(x509.OCSPNoCheck)
    except x509.ExtensionNotFound as error:
        raise UnusableKey(f"The certificate of {subject} lacks {error.oid._name}.") from error  # noqa: SLF001 - no public name
    if ExtendedKeyUsageOID.OCSP_SIGNING not in usages:
        raise UnusableKey(f"The extended key usage of {subject} lacks OCSPSigning.")


def _spki(key: CertificateIssuerPublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
