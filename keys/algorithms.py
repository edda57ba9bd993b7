"""The one table of signature algorithms: which key signs how, and how small it may be.

RFC 5758 and BR 7.1.3.2 for RSA and ECDSA, RFC 4055 and BR 7.1.3.2.1 for RSASSA-PSS, RFC 8410 for Ed25519, RFC 9881 for
ML-DSA. None of them uses SHA-1.

A certificate may bind an RSA key to RSASSA-PSS, and to one hash and a least salt (RFC 4055 section 1.2). `cryptography`
gives such a key as any other RSA key, so that a signer is named by its certificate wherever there is one.
"""

import hashlib
from enum import StrEnum
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.declared import octets, values_of
from pki_revocation.encoding.der import NULL, explicit, integer, object_identifier, sequence, tlv
from pki_revocation.encoding.plain_cause import plain_cause

from .errors import UnusableKey
from .signature_algorithm import Scheme, SignatureAlgorithm

# BR 6.1.5: RSA moduli of at least 2048 bits.
_RSA_MINIMUM = 2048
_CURVES = (ec.SECP256R1, ec.SECP384R1)
_RSASSA_PSS = "1.2.840.113549.1.1.10"
_MGF1 = "1.2.840.113549.1.1.8"
_USUAL_SALT = 20
_DIGESTS = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
# What signs: a key, or a certificate, which may bind its key.
Signer: TypeAlias = CertificatePublicKeyTypes | x509.Certificate


class SignatureName(StrEnum):
    """What a configuration may ask an RSA key to sign with; PKIoverheid G4 wants PSS (BR 7.1.3.2.1 has both)."""

    PKCS1 = "pkcs1"
    PKCS1_SHA384 = "pkcs1-sha384"
    PKCS1_SHA512 = "pkcs1-sha512"
    PSS = "pss"
    PSS_SHA384 = "pss-sha384"
    PSS_SHA512 = "pss-sha512"


def _pss(digest_name: str) -> bytes:
    """BR 7.1.3.2.1, octet for octet: the hash with NULL, MGF1 over it, the salt's length, no trailerField."""
    digest = sequence(object_identifier(_DIGESTS[digest_name]), tlv(NULL))
    mask = sequence(object_identifier(_MGF1), digest)
    parameters = sequence(
        explicit(0, digest), explicit(1, mask), explicit(2, integer(hashlib.new(digest_name).digest_size))
    )
    return sequence(object_identifier(_RSASSA_PSS), parameters)


_PKCS1 = tuple(
    SignatureAlgorithm(f"RSA with {name}", sequence(object_identifier(oid), tlv(NULL)), digest, Scheme.PKCS1)
    for name, oid, digest in (
        ("SHA-256", "1.2.840.113549.1.1.11", "sha256"),
        ("SHA-384", "1.2.840.113549.1.1.12", "sha384"),
        ("SHA-512", "1.2.840.113549.1.1.13", "sha512"),
    )
)
_PSS = tuple(
    SignatureAlgorithm(f"RSASSA-PSS with {name}", _pss(digest), digest, Scheme.PSS)
    for name, digest in (("SHA-256", "sha256"), ("SHA-384", "sha384"), ("SHA-512", "sha512"))
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


def algorithm_for(signer: Signer, named: SignatureName | None = None) -> SignatureAlgorithm:
    """The algorithm that signatures of this signer are made with: as it is *named*, or the usual one.

    Raises:
        UnusableKey: for a type, size or curve that is not in the table, and a name that is not for such a key.
    """
    allowed = algorithms_for(signer)
    if named is None:
        return allowed[0]
    if _NAMED[named] not in allowed:
        if allowed[0].scheme is Scheme.PSS:
            raise UnusableKey(
                f"The setting {named.value!r} is not for this key: its certificate binds it to "
                f"{' or '.join(each.name for each in allowed)} (RFC 4055 section 1.2)."
            )
        raise UnusableKey(f"The setting {named.value!r} is for RSA keys, and this key signs with {allowed[0].name}.")
    return _NAMED[named]


def name_of(identifier: bytes) -> SignatureName | None:
    """What a configuration calls the algorithm with this identifier, octet for octet; None for what needs no name."""
    return next((name for name, algorithm in _NAMED.items() if algorithm.identifier == identifier), None)


def algorithms_for(signer: Signer) -> tuple[SignatureAlgorithm, ...]:
    """The algorithms that signatures of this signer may be made with, the usual one first.

    BR 7.1.3.2.2 pins P-256 to SHA-256 and P-384 to SHA-384, and leaves RSA the choice; none uses SHA-1.

    Raises:
        UnusableKey: for a type, size or curve that is not in the table.
    """
    match _key_of(signer):
        case ec.EllipticCurvePublicKey(curve=curve) if isinstance(curve, _CURVES):
            return (_ECDSA_SHA256,) if isinstance(curve, ec.SECP256R1) else (_ECDSA_SHA384,)
        case _:
            return verifiable(signer)


def algorithm_of(identifier: bytes, signer: Signer) -> SignatureAlgorithm:
    """The algorithm of a signature that others made.

    An RSA certificate that does not bind its key does not say how it signs (RFC 4055 section 1.2): what stands beside
    the signature does.

    Args:
        identifier: the AlgorithmIdentifier's DER, as it stands beside the signature.
        signer: whose signature it is.

    Raises:
        UnusableKey: when it is not in the table for such a key, octet for octet (BR 7.1.3.2).
    """
    found = next((each for each in verifiable(signer) if each.identifier == identifier), None)
    if found is None:
        raise UnusableKey("The signature's algorithm is none that its signer's key may sign with.")
    return found


def verifiable(signer: Signer) -> tuple[SignatureAlgorithm, ...]:
    """The algorithms that others may have signed with, as this signer.

    Raises:
        UnusableKey: for a type, size or curve that is not in the table, and a key that is bound to none that is.
    """
    found = _verifiable(_key_of(signer))
    return _bound(signer, found) if isinstance(signer, x509.Certificate) else found


def _key_of(signer: Signer) -> CertificatePublicKeyTypes:
    if not isinstance(signer, x509.Certificate):
        return signer
    try:
        return signer.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableKey(f"The certificate's key cannot be read: {plain_cause(error)}.") from error


def _bound(certificate: x509.Certificate, found: tuple[SignatureAlgorithm, ...]) -> tuple[SignatureAlgorithm, ...]:
    """Those of the algorithms that a certificate lets its key sign with.

    RFC 4055 section 1.2: a key under id-RSASSA-PSS signs with RSASSA-PSS alone. Section 3.1: where there are
    parameters, hash and mask generation are those, and the salt is at least as long; absent ones leave the choice.
    """
    parts = parts_of(certificate)
    if parts.key_oid != _RSASSA_PSS:
        return found
    allowed = [each for each in found if each.scheme is Scheme.PSS]
    _, *parameters = values_of(parts.key_algorithm)
    if parameters:
        allowed = [each for each in allowed if _is_within(each, octets(parameters[0]))]
    if not allowed:
        raise UnusableKey(
            "The certificate binds its key to RSASSA-PSS with parameters that no signature here has: those of BR "
            "7.1.3.2.1 are SHA-256, SHA-384 or SHA-512, MGF1 with the same hash, and a salt of the hash's length."
        )
    return tuple(allowed)


def _is_within(algorithm: SignatureAlgorithm, parameters: bytes) -> bool:
    """Whether signatures with this algorithm keep to a key's RSASSA-PSS-params (RFC 4055 section 3.1).

    What is left out means SHA-1, MGF1 with SHA-1, a salt of 20 octets and the trailer 1.
    """
    try:
        said = {each.tag_bytes: bytes(each.data) for each in values_of(parameters)}
        mask, mask_digest = values_of(said[b"\xa1"])
        digests = {_oid(said[b"\xa0"]), _oid(octets(mask_digest))}
        salt = asn1.decode_der(int, said.get(b"\xa2", integer(_USUAL_SALT)))
        trailer = asn1.decode_der(int, said.get(b"\xa3", integer(1)))
        is_mgf1 = mask.parse(x509.ObjectIdentifier).dotted_string == _MGF1
    except (KeyError, ValueError):
        return False
    digest = algorithm.digest or ""
    return is_mgf1 and trailer == 1 and digests == {_DIGESTS.get(digest)} and salt <= hashlib.new(digest).digest_size


def _oid(identifier: bytes) -> str:
    """The OBJECT IDENTIFIER in an AlgorithmIdentifier, whether its parameters are NULL or absent (section 2.1)."""
    first, *_ = values_of(identifier)
    oid: x509.ObjectIdentifier = first.parse(x509.ObjectIdentifier)
    return oid.dotted_string


def _verifiable(key: CertificatePublicKeyTypes) -> tuple[SignatureAlgorithm, ...]:
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
