"""A CA's certificate as an operator gives it: one in a file, with a key that can be read, and for a CA."""

import re
import ssl
import warnings
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from pki_revocation.encoding.certificate_parts import CertificateParts, parts_of
from pki_revocation.encoding.plain_cause import plain_cause
from pki_revocation.errors import PkiError

_BEGIN = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")


def load_ca_certificate(path: Path) -> x509.Certificate:
    """The CA certificate in a PEM or DER file, also one whose name or extensions `cryptography` does not decode.

    Raises:
        PkiError: saying what the file holds instead.
    """
    data = path.read_bytes()
    count = len(_BEGIN.findall(data))
    if count > 1:
        raise PkiError(f"{path} holds {count} certificates: give the file of the one CA that is meant.")
    certificate = _loaded(path, data, pem=count == 1)
    parts = _parts(path, certificate)
    if not parts.is_ca:
        raise PkiError(f"{path} is no CA certificate: its basic constraints do not say cA (RFC 5280 section 4.2.1.9).")
    try:
        certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise PkiError(
            f"The key of the CA certificate {path} cannot be read, and no signature checked: {plain_cause(error)}."
        ) from None
    return certificate


def _loaded(path: Path, data: bytes, *, pem: bool) -> x509.Certificate:
    load = x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate
    try:
        with warnings.catch_warnings():
            # The library warns of what RFC 5280 forbids: a CA that has it is to be revoked under all the same.
            warnings.simplefilter("ignore")
            return load(data)
    except (ValueError, x509.InvalidVersion) as error:
        if _is_verifiable(data, pem=pem):
            raise PkiError(
                f"{path} is a CA certificate that this program cannot load ({plain_cause(error)}), although its key "
                "can be read: CRLs and OCSP answers are made with it. Have the CA certified once more with the same "
                "name and the same key, and give that certificate: whatever the key signed can be registered then."
            ) from None
        raise PkiError(
            f"{path} holds no certificate that can be read ({plain_cause(error)}): give the PEM or DER file of a CA "
            "certificate."
        ) from None


def _is_verifiable(data: bytes, *, pem: bool) -> bool:
    """Whether it is a CA's certificate whose key can be read, whatever else the library has against it."""
    try:
        der = ssl.PEM_cert_to_DER_cert(data.decode("ascii").strip()) if pem else data
        parts = parts_of(der)
        load_der_public_key(parts.public_key)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return parts.is_ca


def _parts(path: Path, certificate: x509.Certificate) -> CertificateParts:
    try:
        return parts_of(certificate)
    except ValueError as error:
        raise PkiError(f"{path} is no CA certificate in DER: {plain_cause(error)}.") from None
