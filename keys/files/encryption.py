"""How a PKCS#8 file is encrypted: PBES2 with scrypt or PBKDF2 (RFC 8018), and nothing older.

Written here is scrypt with AES-256-CBC (RFC 7914 section 7), as `openssl pkcs8 -topk8 -scrypt` does, at five times
the cost: what `cryptography` writes by itself costs a guess 2,048 hashes, which is little.
"""

import base64
import binascii
import hashlib
import secrets
import textwrap
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from keys.errors import UnusableKey
from pki_revocation.encoding.declared import Identifier
from pki_revocation.encoding.der import integer, object_identifier, octet_string, sequence

# OWASP's figures for scrypt with 16 MiB: OpenSSL reads files that need at most 32 MiB.
_COST, _BLOCK_SIZE, _PARALLEL = 1 << 14, 8, 5
_MEMORY = 1 << 26
_SALT_OCTETS = 16
_KEY_OCTETS = 32
_BLOCK_OCTETS = 16
_PLAIN = b"-----BEGIN PRIVATE KEY-----"
_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
_END_ENCRYPTED = b"-----END ENCRYPTED PRIVATE KEY-----"
_PBES2 = x509.ObjectIdentifier("1.2.840.113549.1.5.13")
_SCRYPT = x509.ObjectIdentifier("1.3.6.1.4.1.11591.4.11")
_AES_256_CBC = object_identifier("2.16.840.1.101.3.4.1.42")
_DERIVATIONS = {
    x509.ObjectIdentifier("1.2.840.113549.1.5.12"): "PBKDF2",
    _SCRYPT: "scrypt",
}


@asn1.sequence
class _EncryptedPrivateKeyInfo:
    """EncryptedPrivateKeyInfo (RFC 5958 section 3)."""

    algorithm: Identifier
    data: bytes


@asn1.sequence
class _Pbes2Parameters:
    """PBES2-params (RFC 8018 appendix A.4)."""

    derivation: Identifier
    encryption: Identifier


@dataclass(frozen=True, slots=True)
class Protection:
    """Whether a key file is encrypted, and by which key derivation; None where it is not."""

    derivation: str | None

    @property
    def encrypted(self) -> bool:
        """Whether a passphrase is needed."""
        return self.derivation is not None


def protection_of(data: bytes) -> Protection:
    """Whether and how a key file in PEM is encrypted.

    Raises:
        UnusableKey: when it is not PKCS#8 in PEM, or encrypted in a way that is not PBES2 with scrypt or PBKDF2.
    """
    if _ENCRYPTED in data:
        return Protection(_derivation(data))
    if _PLAIN in data:
        return Protection(None)
    raise UnusableKey("it is no PKCS#8 key in PEM: 'openssl pkcs8 -topk8' makes one of it")


def pem(key: CertificateIssuerPrivateKeyTypes, passphrase: str | None) -> bytes:
    """A key as a PKCS#8 file; without encryption when the passphrase is None."""
    if passphrase is None:
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    text = base64.b64encode(_encrypted(der, passphrase.encode())).decode()
    return b"\n".join((_ENCRYPTED, "\n".join(textwrap.wrap(text, 64)).encode(), _END_ENCRYPTED, b""))


def _encrypted(der: bytes, passphrase: bytes) -> bytes:
    """An EncryptedPrivateKeyInfo (RFC 5958 section 3)."""
    salt, start = secrets.token_bytes(_SALT_OCTETS), secrets.token_bytes(_BLOCK_OCTETS)
    derived = hashlib.scrypt(
        passphrase, salt=salt, n=_COST, r=_BLOCK_SIZE, p=_PARALLEL, maxmem=_MEMORY, dklen=_KEY_OCTETS
    )
    pad = padding.PKCS7(_BLOCK_OCTETS * 8).padder()
    encryptor = Cipher(algorithms.AES256(derived), modes.CBC(start)).encryptor()
    content = encryptor.update(pad.update(der) + pad.finalize()) + encryptor.finalize()
    parameters = sequence(octet_string(salt), integer(_COST), integer(_BLOCK_SIZE), integer(_PARALLEL))
    derivation = sequence(asn1.encode_der(_SCRYPT), parameters)
    encryption = sequence(_AES_256_CBC, octet_string(start))
    algorithm = sequence(asn1.encode_der(_PBES2), sequence(derivation, encryption))
    return sequence(algorithm, octet_string(content))


def _derivation(data: bytes) -> str:
    body = data.partition(_ENCRYPTED)[2].partition(_END_ENCRYPTED)[0]
    try:
        info = asn1.decode_der(_EncryptedPrivateKeyInfo, base64.b64decode(b"".join(body.split()), validate=True))
        scheme, parameters = info.algorithm
        found = None
        if scheme.parse(x509.ObjectIdentifier) == _PBES2:
            derivation: Identifier = parameters.parse(_Pbes2Parameters).derivation
            found = _DERIVATIONS.get(derivation[0].parse(x509.ObjectIdentifier))
    except (ValueError, IndexError, binascii.Error) as error:
        raise UnusableKey("it is broken") from error
    if found is None:
        raise UnusableKey("its encryption is too old: encrypt it anew with 'openssl pkcs8 -topk8 -scrypt'")
    return found
