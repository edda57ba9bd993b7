"""Which algorithm an answer is signed with, for every key that may sign and every wish (RFC 6960 section 4.4.7)."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from keys.delegation.certificate import issue_delegate
from keys.identity import Purpose, SigningIdentity, identify
from ocsp_responder.request.extensions import PreferredSignature
from ocsp_responder.signing.signature_choice import SignatureChoice
from pki_revocation.encoding.der import NULL, object_identifier, sequence, tlv
from tests.fakes import FakeClock
from tests.ocsp_responder.messages import (
    ECDSA_SHA1,
    ECDSA_SHA256,
    ECDSA_SHA384,
    ECDSA_SHA512,
    RSA_SHA1,
    RSA_SHA256,
    RSA_SHA384,
    RSA_SHA512,
)
from tests.pki import CertificateAuthority

_KEYS: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey] = {
    "RSA": rsa.generate_private_key(65537, 2048),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}
_RSA_KEY = object_identifier("1.2.840.113549.1.1.1")
_EC_KEY = object_identifier("1.2.840.10045.2.1")
_PSS = sequence(object_identifier("1.2.840.113549.1.1.10"), sequence())


def _delegate(authority: CertificateAuthority, clock: FakeClock, key_type: str) -> SigningIdentity:
    certificate = authority.certificate
    crl = identify(authority.key, certificate, Purpose.CRL, issuer=certificate, now=clock.now())
    key = _KEYS[key_type]
    delegated = issue_delegate(crl, key.public_key(), now=clock.now(), lifetime=timedelta(days=14))
    return identify(key, delegated, Purpose.OCSP, issuer=certificate, now=clock.now())


@pytest.mark.parametrize(
    ("key_type", "preferences", "expected"),
    [
        ("RSA", [], RSA_SHA256),
        ("RSA", [RSA_SHA384], RSA_SHA384),
        ("RSA", [RSA_SHA512, RSA_SHA384], RSA_SHA512),
        ("RSA", [RSA_SHA1], RSA_SHA256),
        ("RSA", [RSA_SHA1, RSA_SHA512], RSA_SHA512),
        ("RSA", [ECDSA_SHA256, RSA_SHA384], RSA_SHA384),
        ("RSA", [_PSS, ECDSA_SHA256], RSA_SHA256),
        ("RSA", [sequence(object_identifier("1.2.840.113549.1.1.13"))], RSA_SHA512),
        ("RSA", [sequence(object_identifier("1.2.840.113549.1.1.13"), tlv(4))], RSA_SHA256),
        ("P-256", [ECDSA_SHA384, ECDSA_SHA512, ECDSA_SHA1, RSA_SHA256], ECDSA_SHA256),
        ("P-256", [sequence(object_identifier("1.2.840.10045.4.3.2"), tlv(NULL))], ECDSA_SHA256),
        ("P-384", [ECDSA_SHA256, ECDSA_SHA512], ECDSA_SHA384),
        ("Ed25519", [ECDSA_SHA256], sequence(object_identifier("1.3.101.112"))),
    ],
)
def test_first_wish_that_can_be_granted(
    authority: CertificateAuthority, clock: FakeClock, key_type: str, preferences: list[bytes], expected: bytes
) -> None:
    """The client's order, the key's ability, the house's table; never SHA-1 (section 5.1); else the default."""
    choice = SignatureChoice(_delegate(authority, clock, key_type))

    variant = choice.of(
        [PreferredSignature(algorithm=revocation_request, key=None) for revocation_request in preferences]
    )

    assert variant.identifier == expected


@pytest.mark.parametrize(
    ("key", "granted"),
    [(sequence(_RSA_KEY, tlv(NULL)), True), (sequence(_RSA_KEY), True), (sequence(_EC_KEY), False)],
    ids=["RSA", "RSA without parameters", "EC"],
)
def test_wish_for_a_key_of_another_kind_is_not_granted(
    authority: CertificateAuthority, clock: FakeClock, key: bytes, *, granted: bool
) -> None:
    """Section 4.4.7.1: pubKeyAlgIdentifier says which key the client wants to verify with."""
    choice = SignatureChoice(_delegate(authority, clock, "RSA"))

    variant = choice.of([PreferredSignature(algorithm=RSA_SHA512, key=key)])

    assert (variant.identifier == RSA_SHA512) is granted
    assert (variant is choice.default) is not granted
