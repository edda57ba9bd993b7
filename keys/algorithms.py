"""The one table of signature algorithms: which key signs how, and how small it may be.

RFC 5758 and BR 7.1.3.2 for RSA and ECDSA, RFC 4055 and BR 7.1.3.2.1 for RSASSA-PSS, RFC 8410 for Ed25519, RFC 9881 for
ML-DSA. None of them uses SHA-1.
"""

from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes, CertificatePublicKeyTypes

from pki_revocation.encoding.der import NULL, explicit, integer, object_identifier, sequence, tlv

from .errors import UnusableKey
from .signature_algorithm import Scheme, SignatureAlgorithm

# BR 6.1.5: RSA moduli of at least 2048 bits.
_RSA_MINIMUM = 2048
_CURVES = (ec.SECP256R1, ec.SECP384R1)


class SignatureName(StrEnum):
    """What a configuration may ask an RSA key to sign with; PKIoverheid G4 wants PSS (BR 7.1.3.2.1 has both)."""

    PKCS1 = "pkcs1"
    PKCS1_SHA384 = "pkcs1-sha384"
    PKCS1_SHA512 = "pkcs1-sha512"
    PSS = "pss"
    PSS_SHA384 = "pss-sha384"
    PSS_SHA512 = "pss-sha512"


def _pss(digest_oid: str, salt: int) -> bytes:
    """BR 7.1.3.2.1, octet for octet: the hash with NULL, MGF1 over it, the salt's length, no trailerField."""
    digest = sequence(object_identifier(digest_oid), tlv(NULL))
    mask = sequence(object_identifier("1.2.840.113549.1.1.8"), digest)
    parameters = sequence(explicit(0, digest), explicit(1, mask), explicit(2, integer(salt)))
    return sequence(object_identifier("1.2.840.113549.1.1.10"), parameters)


_PKCS1 = tuple(
    SignatureAlgorithm(f"RSA with {name}", sequence(object_identifier(oid), tlv(NULL)), digest, Scheme.PKCS1)
    for name, oid, digest in (
        ("SHA-256", "1.2.840.113549.1.1.11", "sha256"),
        ("SHA-384", "1.2.840.113549.1.1.12", "sha384"),
        ("SHA-512", "1.2.840.113549.1.1.13", "sha512"),
    )
)
_PSS = tuple(
    SignatureAlgorithm(f"RSASSA-PSS with {name}", _pss(oid, salt), digest, Scheme.PSS)
    for name, oid, digest, salt in (
        ("SHA-256", "2.16.840.1.101.3.4.2.1", "sha256", 32),
        ("SHA-384", "2.16.840.1.101.3.4.2.2", "sha384", 48),
        ("SHA-512", "2.16.840.1.101.3.4.2.3", "sha512", 64),
    )
)
_RSA = _PKCS1 + _PSS
_NAMED = dict(zip(SignatureName, _RSA, strict=True))
_ECDSA_SHA256, _ECDSA_SHA384, _ECDSA_SHA512 = _ECDSA = tuple(
    SignatureAlgorithm(f"ECDSA with {name}", sequence(object_identifier(oid)), digest, Scheme.ECDSA)
    for name, oid, digest in (
        ("SHA-256", "1.2.840.10045.4.3.2", "sha256"),
        ("SHA-384", "1.2.840.10045.4.3.3", "sha384"),
        ("SHA-512", "1.2.840.10045.4.3.4", "sha512"),
    )
)
_ED25519, _ML_DSA_44, _ML_DSA_65, _ML_DSA_87 = tuple(
    SignatureAlgorithm(name, sequence(object_identifier(oid)), None, Scheme.PURE)
    for name, oid in (
        ("Ed25519", "1.3.101.112"),
        ("ML-DSA-44", "2.16.840.1.101.3.4.3.17"),
        ("ML-DSA-65", "2.16.840.1.101.3.4.3.18"),
        ("ML-DSA-87", "2.16.840.1.101.3.4.3.19"),
    )
)


def algorithm_for(key: CertificateIssuerPublicKeyTypes, named: SignatureName | None = None) -> SignatureAlgorithm:
    """The algorithm that signatures of this key's private half are made with: as it is *named*, or the usual one.

    Raises:
        UnusableKey: for a type, size or curve that is not in the table, and a name that is not for such a key.
    """
    allowed = algorithms_for(key)
    if named is None:
        return allowed[0]
    if _NAMED[named] not in allowed:
        raise UnusableKey(f"The setting {named.value!r} is for RSA keys, and this key signs with {allowed[0].name}.")
    return _NAMED[named]


def name_of(identifier: bytes) -> SignatureName | None:
    """What a configuration calls the algorithm with this identifier, octet for octet; None for what needs no name."""
    return next((name for name, algorithm in _NAMED.items() if algorithm.identifier == identifier), None)


def algorithms_for(key: CertificateIssuerPublicKeyTypes) -> tuple[SignatureAlgorithm, ...]:
    """The algorithms that signatures of this key's private half may be made with, the usual one first.

    BR 7.1.3.2.2 pins P-256 to SHA-256 and P-384 to SHA-384, and leaves RSA the choice; none uses SHA-1.

    Raises:
        UnusableKey: for a type, size or curve that is not in the table.
    """
    match key:
        case ec.EllipticCurvePublicKey() if isinstance(key.curve, _CURVES):
            return (_ECDSA_SHA256,) if isinstance(key.curve, ec.SECP256R1) else (_ECDSA_SHA384,)
        case _:
            return verifiable(key)


def algorithm_of(identifier: bytes, key: CertificatePublicKeyTypes) -> SignatureAlgorithm:
    """The algorithm of a signature that others made with the private half of this key.

    An RSA certificate does not say how its key signs (RFC 4055 section 1.2): what stands beside the signature does.

    Args:
        identifier: the AlgorithmIdentifier's DER, as it stands beside the signature.
        key: of the signer.

    Raises:
        UnusableKey: when it is not in the table for such a key, octet for octet (BR 7.1.3.2).
    """
    found = next((each for each in verifiable(key) if each.identifier == identifier), None)
    if found is None:
        raise UnusableKey("The signature's algorithm is none that its signer's key may sign with.")
    return found


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
