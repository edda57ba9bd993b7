"""Private keys of every kind that a certificate may have, and proofs made of them by other libraries than ours."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

URL = "http://127.0.0.1:8460/api/v1/revocations/by-key"
PURPOSE = "revoke-for-key-compromise"
MAKERS: Mapping[str, Callable[[], CertificateIssuerPrivateKeyTypes]] = {
    "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
    "mldsa65": mldsa.MLDSA65PrivateKey.generate,
}


@cache
def key_of(kind: str) -> CertificateIssuerPrivateKeyTypes:
    """One key of each kind, for a whole run."""
    return MAKERS[kind]()


def spki(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    """The public half, as it stands in a certificate."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def joserfc_key(key: CertificateIssuerPrivateKeyTypes) -> RSAKey | ECKey | OKPKey:
    """The key as joserfc has it."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if isinstance(key, rsa.RSAPrivateKey):
        return RSAKey.import_key(pem)
    return ECKey.import_key(pem) if isinstance(key, ec.EllipticCurvePrivateKey) else OKPKey.import_key(pem)


class _Registry(jws.JWSRegistry):
    """As long headers as RSA keys need."""

    max_header_length = 8192


def signed(
    key: CertificateIssuerPrivateKeyTypes, algorithm: str, payload: bytes | Mapping[str, object], **header: object
) -> bytes:
    """A JWS by joserfc, in flattened JSON, with the key in its header unless *header* says another."""
    own = joserfc_key(key)
    protected: dict[str, Any] = {"alg": algorithm, "jwk": own.as_dict(private=False), "url": URL, **header}
    protected = {name: value for name, value in protected.items() if value is not None}
    protected["jwk"] = {name: each for name, each in (protected.get("jwk") or {}).items() if name != "kid"} or None
    if protected["jwk"] is None:
        del protected["jwk"]
    octets = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    registry = _Registry(algorithms=[algorithm], strict_check_header=False)
    return json.dumps(jws.serialize_json({"protected": protected}, octets, own, registry=registry)).encode()


def said(now: datetime, **others: object) -> dict[str, object]:
    """The payload of a proof that was made at a moment."""
    return {"purpose": PURPOSE, "iat": int(now.timestamp()), **others}
