"""Private keys in PKCS#8 PEM files: encrypted, unless the configuration says in so many words that they are not.

A passphrase comes from the environment, never from a command line or a log.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from pki_revocation.secret_files import refuse_readable_by_others, write_private

from .errors import UnusableKey

_log = logging.getLogger(__name__)
_RSA_EXPONENT = 65537
_SUPPORTED = (
    ec.EllipticCurvePrivateKey,
    rsa.RSAPrivateKey,
    ed25519.Ed25519PrivateKey,
    mldsa.MLDSA44PrivateKey,
    mldsa.MLDSA65PrivateKey,
    mldsa.MLDSA87PrivateKey,
)

KEY_TYPES: dict[str, Callable[[], CertificateIssuerPrivateKeyTypes]] = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa2048": lambda: rsa.generate_private_key(_RSA_EXPONENT, 2048),
    "rsa3072": lambda: rsa.generate_private_key(_RSA_EXPONENT, 3072),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "mldsa65": mldsa.MLDSA65PrivateKey.generate,
}


def passphrase_variable(path: Path) -> str:
    """The environment variable that a key file's passphrase is taken from: PKI_REVOCATION_PASSPHRASE_<FILE NAME>."""
    name = "".join(letter if letter.isalnum() else "_" for letter in path.stem)
    return f"PKI_REVOCATION_PASSPHRASE_{name.upper()}"


def load_key(
    path: Path, *, unencrypted: bool, ask: Callable[[], str] | None = None
) -> CertificateIssuerPrivateKeyTypes:
    """The private key in a file.

    Args:
        path: the file.
        unencrypted: whether a key without a passphrase is meant.
        ask: asks somebody for the passphrase when the environment does not have it; None where nobody is there.

    Raises:
        UnusableKey: when it is missing, readable by others, of a type that is not supported, or cannot be decrypted;
            or when it is not encrypted and *unencrypted* does not allow that.
    """
    try:
        refuse_readable_by_others(path)
        data = path.read_bytes()
    except OSError as error:
        raise UnusableKey(f"The key {path} cannot be read: {error.strerror or error}.") from error
    encrypted = b"ENCRYPTED" in data
    if not encrypted and not unencrypted:
        raise UnusableKey(f"The key {path} is not encrypted: encrypt it, or set 'unencrypted = true' if that is meant.")
    if not encrypted:
        _log.warning("the key %s lies on disk without a passphrase", path)
    passphrase = os.environ.get(passphrase_variable(path)) if encrypted else None
    if encrypted and passphrase is None and ask is not None:
        passphrase = ask()
    if encrypted and passphrase is None:
        raise UnusableKey(f"The key {path} needs a passphrase: set {passphrase_variable(path)}.")
    try:
        key = load_pem_private_key(data, passphrase.encode() if passphrase else None)
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableKey(f"The key {path} cannot be opened: is it PKCS#8 PEM, and the passphrase right?") from None
    if not isinstance(key, _SUPPORTED):
        raise UnusableKey(f"The key {path} is of a type that does not sign certificates.")
    return key


def save_key(key: CertificateIssuerPrivateKeyTypes, path: Path, passphrase: str | None = None) -> None:
    """Write a key to a new file that only its owner can read; an existing one is never replaced.

    Raises:
        UnusableKey: when there is a file already.
    """
    if path.exists():
        raise UnusableKey(f"The key {path} exists already: keys are never overwritten.")
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode())


def replace_pair(
    key: CertificateIssuerPrivateKeyTypes, key_path: Path, certificate: bytes, certificate_path: Path
) -> None:
    """Put a new key and its certificate in the place of the old ones; the old key is destroyed.

    The new key is encrypted when a passphrase for its path is in the environment.
    """
    key_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new_key, new_certificate = (
        key_path.with_name(f".{key_path.name}"),
        certificate_path.with_name(f".{certificate_path.name}"),
    )
    new_key.unlink(missing_ok=True)
    save_key(key, new_key, os.environ.get(passphrase_variable(key_path)))
    new_certificate.write_bytes(certificate)
    new_key.replace(key_path)
    new_certificate.replace(certificate_path)


def load_certificate(path: Path) -> x509.Certificate:
    """The PEM certificate in a file.

    Raises:
        UnusableKey: when it is missing or broken.
    """
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise UnusableKey(f"The certificate {path} cannot be read: {error.strerror or error}.") from error
    except ValueError:
        raise UnusableKey(f"The certificate {path} is not PEM, or is broken.") from None
