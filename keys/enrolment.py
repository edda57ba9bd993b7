"""A responder's enrolment key, by which the CA knows it: it signs requests for certificates and nothing else.

An operator registers its public half once. So a row in the database that asks for a certificate counts only when a
registered responder wrote it, whatever other accounts may write to the database.
"""

import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from keys.files.file_key import KeyFile, save_key

from .errors import UnusableKey

NAME = "enrolment.key"
_CONTEXT = b"pki-revocation delegate request\0"


def enrolment_key(location: KeyFile) -> ed25519.Ed25519PrivateKey:
    """The responder's enrolment key; made when there is none.

    Raises:
        SecretMissing: when its passphrase is not there.
        UnusableKey: when it cannot be opened, or is of another type.
    """
    if not location.path.exists():
        save_key(ed25519.Ed25519PrivateKey.generate(), location.path, location.new_passphrase())
    key = location.load()
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise UnusableKey(f"The enrolment key {location.path} is not Ed25519: move it away, and register the new one.")
    return key


def public_half(key: ed25519.Ed25519PrivateKey) -> bytes:
    """The public key in DER (SubjectPublicKeyInfo), as it is registered."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def read_public_half(path: Path) -> bytes:
    """What a responder's machine gave as PEM, as it is registered.

    Raises:
        UnusableKey: when it is no Ed25519 public key.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise UnusableKey(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableKey(f"{path} holds no public key in PEM: 'keys delegate enrolment' writes one.") from None
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise UnusableKey(f"{path} is no enrolment key: those are Ed25519.")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign_request(key: ed25519.Ed25519PrivateKey, issuer: x509.Certificate, request: bytes) -> bytes:
    """The enrolment key's signature over a request to this CA: 64 octets of Ed25519."""
    return key.sign(_statement(issuer, request))


def is_signed(public: bytes, signature: bytes, issuer: x509.Certificate, request: bytes) -> bool:
    """Whether the enrolment key with this public half signed this request to this CA."""
    key = load_der_public_key(public)
    if not isinstance(key, ed25519.Ed25519PublicKey):
        return False
    try:
        key.verify(signature, _statement(issuer, request))
    except InvalidSignature:
        return False
    return True


def _statement(issuer: x509.Certificate, request: bytes) -> bytes:
    return _CONTEXT + hashlib.sha256(issuer.public_bytes(Encoding.DER)).digest() + request
