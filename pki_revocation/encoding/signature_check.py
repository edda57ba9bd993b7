"""Whether a key made a certificate's signature, by the octets alone: nothing else of the certificate is read.

The library verifies only what it reads whole. A CA's own signature is what makes a certificate its own (RFC 5280
section 6.1.3), however little of the rest can be read. Digests that no CA may use any more are verified too: what they
signed must be revocable.
"""

from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, padding, rsa

from .der import OBJECT_IDENTIFIER
from .values import values_in

_PKCS1, _ECDSA, _ECDSA_SHA2 = "2a864886f70d0101", "2a8648ce3d0401", "2a8648ce3d0403"
_NIST_SIGNATURES, _NIST_HASHES = "6086480165030403", "6086480165030402"
_SHA1_OID, _PSS = bytes.fromhex("2b0e03021a"), bytes.fromhex(f"{_PKCS1}0a")
_EDDSA = frozenset({bytes.fromhex("2b6570"), bytes.fromhex("2b6571")})
_ML_DSA = frozenset(bytes.fromhex(f"{_NIST_SIGNATURES}{last}") for last in ("11", "12", "13"))
# The digest of each algorithm that names one.
_DIGESTS: Mapping[bytes, hashes.HashAlgorithm] = {
    bytes.fromhex(f"{_PKCS1}04"): hashes.MD5(),  # noqa: S303 - nothing is protected by it here: a CA's old signatures
    bytes.fromhex(f"{_PKCS1}05"): hashes.SHA1(),  # noqa: S303 - likewise
    bytes.fromhex(f"{_PKCS1}0b"): hashes.SHA256(),
    bytes.fromhex(f"{_PKCS1}0c"): hashes.SHA384(),
    bytes.fromhex(f"{_PKCS1}0d"): hashes.SHA512(),
    bytes.fromhex(f"{_PKCS1}0e"): hashes.SHA224(),
    bytes.fromhex(_ECDSA): hashes.SHA1(),  # noqa: S303 - likewise
    bytes.fromhex(f"{_ECDSA_SHA2}01"): hashes.SHA224(),
    bytes.fromhex(f"{_ECDSA_SHA2}02"): hashes.SHA256(),
    bytes.fromhex(f"{_ECDSA_SHA2}03"): hashes.SHA384(),
    bytes.fromhex(f"{_ECDSA_SHA2}04"): hashes.SHA512(),
    bytes.fromhex("2a8648ce380403"): hashes.SHA1(),  # noqa: S303 - DSA with SHA-1, likewise
    bytes.fromhex(f"{_NIST_SIGNATURES}01"): hashes.SHA224(),
    bytes.fromhex(f"{_NIST_SIGNATURES}02"): hashes.SHA256(),
    **{
        bytes.fromhex(f"{_NIST_SIGNATURES}{last:02x}"): digest
        for first in (9, 13)
        for last, digest in enumerate(
            (hashes.SHA3_224(), hashes.SHA3_256(), hashes.SHA3_384(), hashes.SHA3_512()), start=first
        )
    },
}
# The digests that the parameters of RSASSA-PSS name (RFC 4055 section 3.1); SHA-1 is their default.
_PSS_DIGESTS: Mapping[bytes, hashes.HashAlgorithm] = {
    _SHA1_OID: hashes.SHA1(),  # noqa: S303 - likewise
    bytes.fromhex(f"{_NIST_HASHES}01"): hashes.SHA256(),
    bytes.fromhex(f"{_NIST_HASHES}02"): hashes.SHA384(),
    bytes.fromhex(f"{_NIST_HASHES}03"): hashes.SHA512(),
    bytes.fromhex(f"{_NIST_HASHES}04"): hashes.SHA224(),
}
_DEFAULT_SALT = 20
_PSS_HASH, _PSS_MASK, _PSS_SALT = 0xA0, 0xA1, 0xA2


def is_signature_of(key: object, signature: bytes, signed: bytes, algorithm: bytes) -> bool:
    """Whether the private half of *key* made the signature.

    Args:
        key: a public key of the library.
        signature: its octets.
        signed: what it is over.
        algorithm: the AlgorithmIdentifier that stands beside it.
    """
    try:
        ((_, identifier),) = values_in(algorithm)
        (kind, oid), *parameters = values_in(identifier)
        if kind != OBJECT_IDENTIFIER:
            return False
        _verify(key, signature, signed, oid, parameters[0][1] if parameters else b"")
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
        return False
    return True


def _verify(key: object, signature: bytes, signed: bytes, oid: bytes, parameters: bytes) -> None:
    """Raise an error unless the signature fits."""
    match key:
        case rsa.RSAPublicKey() if oid == _PSS:
            pss, digest = _pss(parameters)
            key.verify(signature, signed, pss, digest)
        case rsa.RSAPublicKey():
            key.verify(signature, signed, padding.PKCS1v15(), _DIGESTS[oid])
        case ec.EllipticCurvePublicKey():
            key.verify(signature, signed, ec.ECDSA(_DIGESTS[oid]))
        case dsa.DSAPublicKey():
            key.verify(signature, signed, _DIGESTS[oid])
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey() if oid in _EDDSA:
            key.verify(signature, signed)
        case mldsa.MLDSA44PublicKey() | mldsa.MLDSA65PublicKey() | mldsa.MLDSA87PublicKey() if oid in _ML_DSA:
            key.verify(signature, signed)
        case _:
            raise InvalidSignature


def _pss(parameters: bytes) -> tuple[padding.PSS, hashes.HashAlgorithm]:
    """RSASSA-PSS-params: [0] hash, [1] mask generation, [2] length of the salt; what is left out is SHA-1 and 20."""
    given = dict(values_in(parameters))
    digest = _PSS_DIGESTS[_first_oid(given[_PSS_HASH])] if _PSS_HASH in given else _PSS_DIGESTS[_SHA1_OID]
    mask = _PSS_DIGESTS[_SHA1_OID]
    if _PSS_MASK in given:
        ((_, generation),) = values_in(given[_PSS_MASK])
        _, (_, inner) = values_in(generation)
        ((_, oid), *_) = values_in(inner)
        mask = _PSS_DIGESTS[oid]
    salt = _DEFAULT_SALT
    if _PSS_SALT in given:
        ((_, octets),) = values_in(given[_PSS_SALT])
        salt = int.from_bytes(octets)
    return padding.PSS(mgf=padding.MGF1(mask), salt_length=salt), digest


def _first_oid(explicit: bytes) -> bytes:
    ((_, identifier),) = values_in(explicit)
    ((_, oid), *_) = values_in(identifier)
    return oid
