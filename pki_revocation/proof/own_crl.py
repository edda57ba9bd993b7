"""A published CRL, believed as far as its CA's signature goes; for readers who take one from a folder or an address."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from pki_revocation.encoding.plain_cause import plain_cause
from pki_revocation.model import Issuer

# What the library raises for octets that somebody else has written; not all of it is a ValueError.
_UNREADABLE = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    UnsupportedAlgorithm,
)


def read_own_crl(octets: bytes, issuer: Issuer) -> tuple[x509.CertificateRevocationList, int]:
    """An issuer's CRL, and its number.

    Args:
        octets: DER, or anything else.
        issuer: whose key must have signed it.

    Raises:
        ValueError: with half a sentence, when it is no CRL with a number, or that key did not sign it.
    """
    return read_crl_of(octets, issuer.certificate)


def read_crl_of(octets: bytes, authority: x509.Certificate) -> tuple[x509.CertificateRevocationList, int]:
    """As `read_own_crl`, for a CA's certificate.

    Raises:
        ValueError: likewise.
    """
    try:
        crl = x509.load_der_x509_crl(octets)
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        signed = crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type] # a CA's key signs
    except _UNREADABLE as error:
        raise ValueError(f"it is no CRL that can be read ({plain_cause(error)})") from error
    if not signed:
        raise ValueError("it is not signed by the CA's key")
    return crl, number
