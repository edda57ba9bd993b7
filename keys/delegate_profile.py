"""Whether a certificate that came back is what an OCSP responder must have (RFC 6960 section 4.2.2.2; BR 7.1.2.8)."""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID

from pki_revocation.encoding.names import subject_text

from .algorithms import SignatureName
from .errors import UnusableKey
from .identity import Purpose, SigningIdentity, identify

_NOTHING_ELSE = (
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
_ADDRESSES = {
    x509.CRLDistributionPoints: "names CRLs (cRLDistributionPoints), and with nocheck no client may check any",
    x509.AuthorityInformationAccess: "names addresses (authorityInfoAccess), which it must not",
}


def accept_delegate(
    key: CertificateIssuerPrivateKeyTypes,
    certificate: x509.Certificate,
    *,
    issuer: x509.Certificate,
    now: datetime,
    signature: SignatureName | None = None,
) -> SigningIdentity:
    """The identity that key and certificate make, once everything about them is right.

    Raises:
        UnusableKey: saying what is not: key, issuer, validity, EKU, nocheck, key usage, or addresses in it.
    """
    identity = identify(key, certificate, Purpose.OCSP, issuer=issuer, now=now, signature=signature)
    problem = None if certificate == issuer else profile_problem(certificate)
    if certificate == issuer:
        problem = "is the CA's own, and not a delegate's"
    if problem is not None:
        raise UnusableKey(f"The certificate of {subject_text(certificate)} {problem}.")
    return identity


def profile_problem(certificate: x509.Certificate) -> str | None:
    """What keeps a certificate from being a delegate's; None where nothing does."""
    extensions = certificate.extensions
    usages = _of(extensions, x509.ExtendedKeyUsage)
    if usages is None or list(usages.value) != [ExtendedKeyUsageOID.OCSP_SIGNING]:
        return "may be used for something else than OCSPSigning alone (extendedKeyUsage)"
    if _of(extensions, x509.OCSPNoCheck) is None:
        return "lacks id-pkix-ocsp-nocheck"
    usage = _of(extensions, x509.KeyUsage)
    if usage is None or not usage.critical or not usage.value.digital_signature:
        return "lacks a critical key usage with digitalSignature"
    if any(getattr(usage.value, name) for name in _NOTHING_ELSE):
        return "has a key usage beside digitalSignature"
    constraints = _of(extensions, x509.BasicConstraints)
    if constraints is not None and constraints.value.ca:
        return "is a CA's"
    return next((said for kind, said in _ADDRESSES.items() if _of(extensions, kind) is not None), None)


def _of(extensions: x509.Extensions, kind: type) -> x509.Extension | None:  # type: ignore[type-arg] # of any kind
    return next((each for each in extensions if isinstance(each.value, kind)), None)
