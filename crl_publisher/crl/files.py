"""CRLs in files that an operator names: DER, or PEM with one CRL in it."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.errors import PkiError


def der_of(file: Path) -> bytes:
    """The CRL's DER; nothing is said about what is in it.

    Raises:
        PkiError: when the file cannot be read, or is a broken PEM.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise PkiError(f"{file} cannot be read: {error.strerror or error}.") from error
    if b"-----BEGIN X509 CRL-----" not in data:
        return data
    try:
        return x509.load_pem_x509_crl(data).public_bytes(Encoding.DER)
    except (ValueError, x509.InvalidVersion):
        raise PkiError(f"{file} is no CRL: give one in DER or PEM.") from None
