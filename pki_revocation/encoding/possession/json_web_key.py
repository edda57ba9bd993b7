"""A public key as JSON writes it (RFC 7517, RFC 7518 section 6, RFC 8037), and the algorithms that it may sign with.

Compromised keys are weak keys more often than others, so that no size is refused here that the library can verify: a
proof by a weak key is a proof.
"""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .proven_key import MalformedProof, PrivateKeySent

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
# The most that OpenSSL verifies with.
_LONGEST_MODULUS = 16384 // 8
_CURVES: Mapping[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
_DIGESTS: Mapping[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
# RFC 7518 section 3.4: each algorithm has one curve.
_ECDSA = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_RSA_ALGORITHMS = tuple(f"{kind}{bits}" for kind in ("RS", "PS") for bits in _DIGESTS)
# EdDSA is RFC 8037's name for both; RFC 9864 names the curves.
_EDDSA = {"Ed25519": ("EdDSA", "Ed25519"), "Ed448": ("EdDSA", "Ed448")}
ALGORITHMS = (*_RSA_ALGORITHMS, *_ECDSA, "EdDSA", "Ed25519", "Ed448")
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey


def from_base64url(text: object, what: str) -> bytes:
    """The octets of a text in base64url without padding, and of no other text (RFC 7515 section 2).

    Raises:
        MalformedProof: naming *what* it is.
    """
    if isinstance(text, str) and _BASE64URL.fullmatch(text):
        try:
            octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            octets = None
        if octets is not None and to_base64url(octets) == text:
            return octets
    raise MalformedProof(f"{what} is not base64url without padding.")


def to_base64url(octets: bytes) -> str:
    """Octets in base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def public_key_of(jwk: object) -> PublicKey:
    """The public key that a `jwk` is.

    Raises:
        PrivateKeySent: when it has a member of a private key.
        MalformedProof: when it is no public key of a kind that signs here.
    """
    if not isinstance(jwk, dict):
        raise MalformedProof("The protected header has no jwk with the certificate's public key.")
    if not _PRIVATE.isdisjoint(jwk):
        raise PrivateKeySent
    reader = _READERS.get(str(jwk.get("kty")))
    if reader is None:
        raise MalformedProof(f"The jwk's kty is none of {', '.join(_READERS)}.")
    try:
        return reader(jwk)
    except (ValueError, UnsupportedAlgorithm):
        raise MalformedProof("The jwk is no public key: its numbers do not fit together.") from None


def jwk_of(key: PublicKey) -> dict[str, str]:
    """The public key as JSON writes it."""
    match key:
        case rsa.RSAPublicKey():
            numbers = key.public_numbers()
            return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        case ec.EllipticCurvePublicKey():
            point, octets = key.public_numbers(), (key.curve.key_size + 7) // 8
            name = next(name for name, curve in _CURVES.items() if curve.name == key.curve.name)
            return {"kty": "EC", "crv": name, "x": _number(point.x, octets), "y": _number(point.y, octets)}
        case _:
            return {"kty": "OKP", "crv": _okp_curve(key), "x": to_base64url(key.public_bytes_raw())}


def algorithms_of(key: object) -> tuple[str, ...]:
    """The algorithms that a key may sign with, the usual one first; none for a key that JSON has no name for."""
    match key:
        case rsa.RSAPublicKey():
            return _RSA_ALGORITHMS
        case ec.EllipticCurvePublicKey():
            return tuple(name for name, curve in _ECDSA.items() if curve == key.curve.name)
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            return _EDDSA[_okp_curve(key)]
        case _:
            return ()


def is_signature(key: PublicKey, algorithm: str, signature: bytes, signed: bytes) -> bool:
    """Whether the private half of *key* made the signature with an algorithm that the key may use."""
    if algorithm not in algorithms_of(key):
        return False
    try:
        match key:
            case rsa.RSAPublicKey():
                key.verify(signature, signed, rsa_padding(algorithm), _DIGESTS[algorithm[2:]])
            case ec.EllipticCurvePublicKey():
                half = (key.curve.key_size + 7) // 8
                if len(signature) != 2 * half:
                    return False
                numbers = (int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
                key.verify(encode_dss_signature(*numbers), signed, ec.ECDSA(_DIGESTS[algorithm[2:]]))
            case _:
                key.verify(signature, signed)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def rsa_padding(algorithm: str) -> padding.PKCS1v15 | padding.PSS:
    """The padding of RS256 and its like, or of PS256 and its like: the salt is as long as the digest (RFC 7518 3.5)."""
    if algorithm.startswith("RS"):
        return padding.PKCS1v15()
    digest = _DIGESTS[algorithm[2:]]
    return padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)


def digest_of(algorithm: str) -> hashes.HashAlgorithm:
    """The digest of an algorithm that names one."""
    return _DIGESTS[algorithm[2:]]


def spki_of(key: PublicKey) -> bytes:
    """The key's SubjectPublicKeyInfo."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _rsa(jwk: Mapping[str, Any]) -> rsa.RSAPublicKey:
    modulus, exponent = (from_base64url(jwk.get(name), f"The jwk's {name}") for name in ("n", "e"))
    if max(len(modulus), len(exponent)) > _LONGEST_MODULUS:
        raise ValueError(jwk["kty"])
    return rsa.RSAPublicNumbers(int.from_bytes(exponent), int.from_bytes(modulus)).public_key()


def _ec(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    curve = _CURVES.get(str(jwk.get("crv")))
    if curve is None:
        raise MalformedProof(f"The jwk's crv is none of {', '.join(_CURVES)}.")
    x, y = (from_base64url(jwk.get(name), f"The jwk's {name}") for name in ("x", "y"))
    # RFC 7518 section 6.2.1.2: as long as the curve's field.
    if {len(x), len(y)} != {(curve.key_size + 7) // 8}:
        raise ValueError(jwk["kty"])
    return ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curve).public_key()


def _okp(jwk: Mapping[str, Any]) -> ed25519.Ed25519PublicKey | ed448.Ed448PublicKey:
    octets = from_base64url(jwk.get("x"), "The jwk's x")
    match jwk.get("crv"):
        case "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(octets)
        case "Ed448":
            return ed448.Ed448PublicKey.from_public_bytes(octets)
        case _:
            raise MalformedProof("The jwk's crv is none of Ed25519, Ed448.")


_READERS: Mapping[str, Callable[[Mapping[str, Any]], PublicKey]] = {"RSA": _rsa, "EC": _ec, "OKP": _okp}


def _okp_curve(key: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) -> str:
    return "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "Ed448"


def _number(value: int, octets: int | None = None) -> str:
    return to_base64url(value.to_bytes((value.bit_length() + 7) // 8 if octets is None else octets))
