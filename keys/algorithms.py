"""The one table of signature algorithms: which key signs how, and how small it may be.

RFC 5758 and BR 7.1.3.2 for RSA and ECDSA, RFC 8410 for Ed25519, RFC 9881 for ML-DSA.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificateIssuerPublicKeyTypes,
    CertificatePublicKeyTypes,
)
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from pki_revocation.der import NULL, object_identifier, sequence, tlv

from .errors import UnusableKey

# BR 6.1.5: RSA moduli of at least 2048 bits.
_RSA_MINIMUM = 2048
_CURVES = (ec.SECP256R1, ec.SECP384R1)


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """How keys of one type sign: *identifier* is the AlgorithmIdentifier's DER, *digest* None where none is used."""

    name: str
    identifier: bytes
    digest: str | None

    @property
    def hash_algorithm(self) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
        """What the builders of `cryptography` want to be given."""
        return None if self.digest is None else _HASHES[self.digest]()

    def signer(self, key: CertificateIssuerPrivateKeyTypes) -> Callable[[bytes], bytes]:
        """What signs one short text after the other with a key: everything but the text is made ready here.

        Raises:
            UnusableKey: when the key is of another type.
        """
        digest = self.hash_algorithm
        if digest is None:
            if isinstance(key, _Whole):
                return key.sign
        elif isinstance(key, ec.EllipticCurvePrivateKey):
            scheme = ec.ECDSA(digest)
            return lambda data: key.sign(data, scheme)
        elif isinstance(key, rsa.RSAPrivateKey):
            pad = padding.PKCS1v15()
            return lambda data: key.sign(data, pad, digest)
        raise UnusableKey(f"A key of type {type(key).__name__} does not sign with {self.name}.")

    def sign(self, key: CertificateIssuerPrivateKeyTypes, parts: Iterable[bytes]) -> bytes:
        """Sign the parts as if they were one; hashed as they come where the algorithm allows."""
        if self.digest is None:
            return _sign_whole(key, b"".join(parts))
        digest = hashlib.new(self.digest)
        for part in parts:
            digest.update(part)
        prehashed = Prehashed(_HASHES[self.digest]())
        match key:
            case ec.EllipticCurvePrivateKey():
                return key.sign(digest.digest(), ec.ECDSA(prehashed))
            case rsa.RSAPrivateKey():
                return key.sign(digest.digest(), padding.PKCS1v15(), prehashed)
            case _:
                raise UnusableKey(f"A key of type {type(key).__name__} does not sign with {self.name}.")

    def verify(self, key: CertificatePublicKeyTypes, signature: bytes, parts: Iterable[bytes | memoryview]) -> None:
        """Check a signature over the parts.

        Raises:
            cryptography.exceptions.InvalidSignature: when it does not fit.
        """
        if self.digest is None:
            _verify_whole(key, signature, b"".join(parts))
            return
        digest = hashlib.new(self.digest)
        for part in parts:
            digest.update(part)
        prehashed = Prehashed(_HASHES[self.digest]())
        match key:
            case ec.EllipticCurvePublicKey():
                key.verify(signature, digest.digest(), ec.ECDSA(prehashed))
            case rsa.RSAPublicKey():
                key.verify(signature, digest.digest(), padding.PKCS1v15(), prehashed)
            case _:
                raise UnusableKey(f"A key of type {type(key).__name__} does not verify {self.name}.")


_HASHES: dict[str, Callable[[], hashes.SHA256 | hashes.SHA384 | hashes.SHA512]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}

_RSA = tuple(
    SignatureAlgorithm(f"RSA with {name}", sequence(object_identifier(oid), tlv(NULL)), digest)
    for name, oid, digest in (
        ("SHA-256", "1.2.840.113549.1.1.11", "sha256"),
        ("SHA-384", "1.2.840.113549.1.1.12", "sha384"),
        ("SHA-512", "1.2.840.113549.1.1.13", "sha512"),
    )
)
_ECDSA_SHA256, _ECDSA_SHA384, _ECDSA_SHA512 = _ECDSA = tuple(
    SignatureAlgorithm(f"ECDSA with {name}", sequence(object_identifier(oid)), digest)
    for name, oid, digest in (
        ("SHA-256", "1.2.840.10045.4.3.2", "sha256"),
        ("SHA-384", "1.2.840.10045.4.3.3", "sha384"),
        ("SHA-512", "1.2.840.10045.4.3.4", "sha512"),
    )
)
_ED25519 = SignatureAlgorithm("Ed25519", sequence(object_identifier("1.3.101.112")), None)
_ML_DSA_44 = SignatureAlgorithm("ML-DSA-44", sequence(object_identifier("2.16.840.1.101.3.4.3.17")), None)
_ML_DSA_65 = SignatureAlgorithm("ML-DSA-65", sequence(object_identifier("2.16.840.1.101.3.4.3.18")), None)
_ML_DSA_87 = SignatureAlgorithm("ML-DSA-87", sequence(object_identifier("2.16.840.1.101.3.4.3.19")), None)


def algorithm_for(key: CertificateIssuerPublicKeyTypes) -> SignatureAlgorithm:
    """The algorithm that signatures of this key's private half are made with, where nobody asks for another.

    Raises:
        UnusableKey: for a type, size or curve that is not in the table.
    """
    return algorithms_for(key)[0]


def algorithms_for(key: CertificateIssuerPublicKeyTypes) -> tuple[SignatureAlgorithm, ...]:
    """The algorithms that signatures of this key's private half may be made with, the usual one first.

    BR 7.1.3.2.2 pins P-256 to SHA-256 and P-384 to SHA-384, and leaves RSA the choice; SHA-1 is nobody's.

    Raises:
        UnusableKey: for a type, size or curve that is not in the table.
    """
    match key:
        case ec.EllipticCurvePublicKey() if isinstance(key.curve, _CURVES):
            return (_ECDSA_SHA256,) if isinstance(key.curve, ec.SECP256R1) else (_ECDSA_SHA384,)
        case _:
            return verifiable(key)


def verifiable(key: CertificatePublicKeyTypes) -> tuple[SignatureAlgorithm, ...]:
    """The algorithms that others may have signed with, with the private half of this key.

    Raises:
        UnusableKey: for a type, size or curve that is not in the table.
    """
    match key:
        case rsa.RSAPublicKey() if key.key_size >= _RSA_MINIMUM:
            return _RSA
        case rsa.RSAPublicKey():
            raise UnusableKey(f"An RSA key of {key.key_size} bits is too small: use {_RSA_MINIMUM} or more (BR 6.1.5).")
        case ec.EllipticCurvePublicKey() if isinstance(key.curve, _CURVES):
            return _ECDSA
        case ed25519.Ed25519PublicKey():
            return (_ED25519,)
        case mldsa.MLDSA44PublicKey():
            return (_ML_DSA_44,)
        case mldsa.MLDSA65PublicKey():
            return (_ML_DSA_65,)
        case mldsa.MLDSA87PublicKey():
            return (_ML_DSA_87,)
        case _:
            raise UnusableKey("The key's type is not supported: use RSA, P-256, P-384, Ed25519 or ML-DSA.")


_Whole = (
    ed25519.Ed25519PrivateKey,
    mldsa.MLDSA44PrivateKey,
    mldsa.MLDSA65PrivateKey,
    mldsa.MLDSA87PrivateKey,
)
_WholePublic = (
    ed25519.Ed25519PublicKey,
    mldsa.MLDSA44PublicKey,
    mldsa.MLDSA65PublicKey,
    mldsa.MLDSA87PublicKey,
)


def _sign_whole(key: CertificateIssuerPrivateKeyTypes, data: bytes) -> bytes:
    if isinstance(key, _Whole):
        return key.sign(data)
    raise UnusableKey(f"A key of type {type(key).__name__} needs a digest to sign.")


def _verify_whole(key: CertificatePublicKeyTypes, signature: bytes, data: bytes) -> None:
    if not isinstance(key, _WholePublic):
        raise UnusableKey(f"A key of type {type(key).__name__} needs a digest to verify.")
    key.verify(signature, data)
