"""How signatures of one kind are made and checked, with whatever key is of the right type.

Texts that come in parts are hashed as they come, so that a CRL of 50 MB is never whole in memory for it.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeVar, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, CertificatePublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from pki_revocation.encoding.der import NULL, sequence, tlv

from .errors import UnusableKey

_Hash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512
_Padding = padding.PKCS1v15 | padding.PSS
_Built_co = TypeVar("_Built_co", covariant=True)


class _Builder(Protocol[_Built_co]):
    """A builder of `cryptography` for certificates, certificate requests or CRLs."""

    def sign(
        self,
        private_key: CertificateIssuerPrivateKeyTypes,
        algorithm: _Hash | None,
        *,
        rsa_padding: _Padding | None = None,
    ) -> _Built_co: ...


class Scheme(Enum):
    """How a signature is made of a text, whatever the hash."""

    ECDSA = "ECDSA"
    PKCS1 = "RSASSA-PKCS1-v1_5"
    PSS = "RSASSA-PSS"
    PURE = "the text itself"


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """How keys of one type sign: *identifier* is the AlgorithmIdentifier's DER, *digest* None where none is used."""

    name: str
    identifier: bytes
    digest: str | None
    scheme: Scheme

    @property
    def hash_algorithm(self) -> _Hash | None:
        """What the builders of `cryptography` want to be given."""
        return None if self.digest is None else _HASHES[self.digest]()

    @property
    def spellings(self) -> tuple[bytes, ...]:
        """Every encoding of the identifier that means this algorithm.

        RFC 4055 section 2.1: PKCS#1 v1.5's parameters are NULL, and taken where they are absent. PSS without
        parameters would be PSS with SHA-1 (section 3.1), which is none of ours.
        """
        if self.scheme is Scheme.PKCS1:
            return (self.identifier, sequence(self.identifier[2 : -len(tlv(NULL))]))
        return (self.identifier,)

    def build(self, builder: _Builder[_Built_co], key: CertificateIssuerPrivateKeyTypes) -> _Built_co:
        """Let a builder of `cryptography` make and sign what it holds."""
        return builder.sign(key, self.hash_algorithm, rsa_padding=self._padding if self.scheme is Scheme.PSS else None)

    def signer(self, key: CertificateIssuerPrivateKeyTypes) -> Callable[[bytes], bytes]:
        """What signs one short text after the other with a key: everything but the text is made ready here.

        Raises:
            UnusableKey: when the key is of another type.
        """
        digest = self.hash_algorithm
        if digest is None:
            if isinstance(key, _Whole):
                return key.sign
        elif isinstance(key, ec.EllipticCurvePrivateKey) and self.scheme is Scheme.ECDSA:
            scheme = ec.ECDSA(digest)
            return lambda data: key.sign(data, scheme)
        elif isinstance(key, rsa.RSAPrivateKey) and self.scheme in _RSA_SCHEMES:
            pad = self._padding
            return lambda data: key.sign(data, pad, digest)
        raise UnusableKey(f"A key of type {type(key).__name__} does not sign with {self.name}.")

    def sign(self, key: CertificateIssuerPrivateKeyTypes, parts: Iterable[bytes]) -> bytes:
        """Sign the parts as if they were one; hashed as they come where the algorithm allows."""
        if self.digest is None:
            return self.signer(key)(b"".join(parts))
        self.signer(key)
        digest, prehashed = self._digested(parts)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(digest, ec.ECDSA(prehashed))
        return cast("rsa.RSAPrivateKey", key).sign(digest, self._padding, prehashed)

    def verify(self, key: CertificatePublicKeyTypes, signature: bytes, parts: Iterable[bytes | memoryview]) -> None:
        """Check a signature over the parts.

        Raises:
            cryptography.exceptions.InvalidSignature: when it does not fit.
            UnusableKey: when the key is of another type.
        """
        if self.digest is None:
            if not isinstance(key, _WholePublic):
                raise UnusableKey(f"A key of type {type(key).__name__} does not verify {self.name}.")
            key.verify(signature, b"".join(parts))
            return
        digest, prehashed = self._digested(parts)
        if isinstance(key, ec.EllipticCurvePublicKey) and self.scheme is Scheme.ECDSA:
            key.verify(signature, digest, ec.ECDSA(prehashed))
        elif isinstance(key, rsa.RSAPublicKey) and self.scheme in _RSA_SCHEMES:
            key.verify(signature, digest, self._padding, prehashed)
        else:
            raise UnusableKey(f"A key of type {type(key).__name__} does not verify {self.name}.")

    def _digested(self, parts: Iterable[bytes | memoryview]) -> tuple[bytes, Prehashed]:
        name = self.digest or ""
        digest = hashlib.new(name)
        for part in parts:
            digest.update(part)
        return digest.digest(), Prehashed(_HASHES[name]())

    @property
    def _padding(self) -> _Padding:
        digest = self.hash_algorithm
        if self.scheme is not Scheme.PSS or digest is None:
            return padding.PKCS1v15()
        # BR 7.1.3.2.1: MGF1 with the same hash, and a salt of the hash's length.
        return padding.PSS(padding.MGF1(digest), digest.digest_size)


_HASHES: dict[str, Callable[[], _Hash]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_RSA_SCHEMES = {Scheme.PKCS1, Scheme.PSS}

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
