"""The public half of a key on a token: from its public key object, or its certificate, or the key's own attributes."""

from typing import Any

import pkcs11
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from pkcs11 import Attribute, KeyType, ObjectClass

from keys.errors import UnusableKey
from pki_revocation.encoding.der import object_identifier
from pki_revocation.encoding.plain_cause import plain_cause

_CURVES = {
    object_identifier("1.2.840.10045.3.1.7"): ec.SECP256R1,
    object_identifier("1.3.132.0.34"): ec.SECP384R1,
}
_ED25519_OCTETS = 32


def public_key_of(session: pkcs11.Session, key: pkcs11.PrivateKey, what: str) -> PublicKeyTypes:
    """The public key that belongs to a private one.

    Raises:
        UnusableKey: when the token has none, or it is of a type that is not supported.
    """
    for source in _objects(session, key):
        try:
            return _read(source, KeyType(key[Attribute.KEY_TYPE]))
        except (pkcs11.AttributeTypeInvalid, pkcs11.AttributeSensitive, KeyError):
            continue
        except (ValueError, x509.InvalidVersion) as error:
            raise UnusableKey(f"The {what} is of a type that is not supported: {plain_cause(error)}.") from error
    raise UnusableKey(f"The token has neither public key nor certificate beside the {what}: write one there.")


def _objects(session: pkcs11.Session, key: pkcs11.PrivateKey) -> list[Any]:
    """Objects that may hold it: with the key's CKA_ID (PKCS#11 v2.40 section 4.8), else with its CKA_LABEL."""
    link = {Attribute.ID: key[Attribute.ID]} if key[Attribute.ID] else {Attribute.LABEL: key[Attribute.LABEL]}
    public = session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY} | link)
    certificates = session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE} | link)
    return [*public, *certificates, key]


def _read(source: Any, kind: KeyType) -> PublicKeyTypes:  # noqa: ANN401 - any object of a token
    if source[Attribute.CLASS] == ObjectClass.CERTIFICATE:
        return x509.load_der_x509_certificate(source[Attribute.VALUE]).public_key()
    if kind == KeyType.RSA:
        exponent, modulus = source[Attribute.PUBLIC_EXPONENT], source[Attribute.MODULUS]
        return rsa.RSAPublicNumbers(int.from_bytes(exponent), int.from_bytes(modulus)).public_key()
    if kind == KeyType.EC:
        curve = _CURVES.get(bytes(source[Attribute.EC_PARAMS]))
        if curve is None:
            raise ValueError("its curve is neither P-256 nor P-384")
        return ec.EllipticCurvePublicKey.from_encoded_point(curve(), _point(source[Attribute.EC_POINT]))
    if kind == KeyType.EC_EDWARDS:
        return ed25519.Ed25519PublicKey.from_public_bytes(_point(source[Attribute.EC_POINT], _ED25519_OCTETS))
    raise ValueError(f"{kind.name} is not RSA, P-256, P-384 or Ed25519")


def _point(encoded: bytes, octets: int | None = None) -> bytes:
    """CKA_EC_POINT is an OCTET STRING in DER; some tokens give its contents alone."""
    try:
        content = asn1.decode_der(bytes, encoded)
    except ValueError:
        return encoded
    return encoded if octets == len(encoded) else content
