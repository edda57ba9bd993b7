"""Certificate requests (PKCS#10, RFC 2986): how a key that was made gets its certificate from the CA above it."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from .algorithms import SignatureName, algorithm_for
from .errors import UnusableKey


def certificate_request(
    key: CertificateIssuerPrivateKeyTypes, subject: str, signature: SignatureName | None = None
) -> x509.CertificateSigningRequest:
    """A PKCS #10 request that proves possession of the key; what it may be used for, the CA decides.

    Args:
        key: wherever it lives.
        subject: as RFC 4514 writes names, such as `CN=Issuing CA,O=Register,C=NL`.
        signature: what to sign with; the key's usual algorithm when None.

    Raises:
        UnusableKey: when the key cannot sign so, or the subject is no name.
    """
    try:
        name = x509.Name.from_rfc4514_string(subject)
    except ValueError:
        name = x509.Name([])
    if not name.rdns:
        raise UnusableKey(f"{subject!r} is no name: write it as 'CN=Issuing CA,O=Register,C=NL' (RFC 4514).")
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return algorithm_for(key.public_key(), signature).build(builder, key)
