"""Certificates that come as files: anchors that the configuration names, and what receipts bring along."""

import warnings
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509

from pki_revocation.errors import ConfigurationError

# What a key may be for that signs documents: id-kp-documentSigning (RFC 9336 section 3.1). A CA whose subscribers have
# keys too needs the difference.
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
_PEM = b"-----BEGIN"
# A chain has a handful; what holds more is none.
MOST = 16


def read_certificates(octets: bytes) -> list[x509.Certificate]:
    """Certificates in PEM, one or several, or one in DER.

    Raises:
        ValueError: with half a sentence, when there is none that can be read, or there are too many.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = (
                x509.load_pem_x509_certificates(octets) if _PEM in octets else [x509.load_der_x509_certificate(octets)]
            )
    except (ValueError, x509.InvalidVersion) as error:
        raise ValueError("it is no certificate in PEM or DER that can be read") from error
    if len(found) > MOST:
        raise ValueError(f"it holds more than {MOST} certificates")
    return found


def read_anchors(paths: Iterable[Path], setting: str) -> tuple[x509.Certificate, ...]:
    """The certificates of the files that a setting names.

    Raises:
        ConfigurationError: naming the setting and the file that cannot be read or holds none.
    """
    found: list[x509.Certificate] = []
    for path in paths:
        try:
            found += read_certificates(path.read_bytes())
        except OSError as error:
            raise ConfigurationError(
                f"{setting} names {path}, which cannot be read: {error.strerror or error}."
            ) from error
        except ValueError as error:
            raise ConfigurationError(f"{setting} names {path}, and {error}.") from error
    return tuple(found)


def may_sign_documents(certificate: x509.Certificate) -> bool:
    """Whether it says that its key signs documents (RFC 9336)."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return DOCUMENT_SIGNING in usages
