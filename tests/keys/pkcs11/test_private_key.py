"""Keys on a token of SoftHSM's: they sign like any other, and never leave it."""

import copy
import pickle
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from keys.algorithms import SignatureName, algorithm_for, algorithms_for
from keys.delegation.certificate import issue_delegate
from keys.demo.hierarchy import self_signed
from keys.description import describe
from keys.errors import TokenAbsent, UnusableKey
from keys.identity import Purpose, identify
from keys.pkcs11.generation import TOKEN_KEY_TYPES
from tests.fakes import FakeClock
from tests.keys.pkcs11.tokens import OnToken


@pytest.mark.parametrize("key_type", TOKEN_KEY_TYPES)
def test_signs_with_all_that_its_type_may(on_token: OnToken, key_type: str) -> None:
    """In parts and at once, verified by `cryptography` with the public key; RSA with PKCS#1 v1.5 and with PSS."""
    key = on_token.generate(key_type).load()
    public = key.public_key()
    for algorithm in algorithms_for(public):
        sign = algorithm.signer(key)
        for signature in (algorithm.sign(key, [b"one", b"", b"two"]), sign(b"onetwo")):
            algorithm.verify(public, signature, [b"onetwo"])
            with pytest.raises(InvalidSignature):
                algorithm.verify(public, signature, [b"onetwo", b"!"])


@pytest.mark.parametrize(
    ("key_type", "signature"), [("p256", None), ("rsa2048", None), ("rsa2048", SignatureName.PSS), ("ed25519", None)]
)
def test_is_an_identity_and_issues_a_delegate(
    on_token: OnToken, clock: FakeClock, key_type: str, signature: SignatureName | None
) -> None:
    """A CA whose key is on a token: `cryptography` builds with it, and verifies what was built."""
    key, now = on_token.generate(key_type).load(), clock.now()
    ca = self_signed(key, now, signature)
    identity = identify(key, ca, Purpose.CRL, issuer=ca, now=now, signature=signature)
    delegate = ec.generate_private_key(ec.SECP256R1())
    certificate = issue_delegate(identity, delegate.public_key(), now=now, lifetime=timedelta(days=14))
    crl = identity.algorithm.build(
        x509.CertificateRevocationListBuilder().issuer_name(ca.subject).last_update(now).next_update(now), key
    )

    certificate.verify_directly_issued_by(ca)
    assert certificate.signature_algorithm_oid == ca.signature_algorithm_oid == crl.signature_algorithm_oid
    assert crl.is_signature_valid(key.public_key())


@pytest.mark.parametrize("key_type", ["p256", "rsa2048", "ed25519"])
def test_never_leaves_its_token(on_token: OnToken, key_type: str) -> None:
    """Neither by export nor by pickle; copies are itself, and what it shows holds no secret."""
    key = on_token.generate(key_type).load()
    with pytest.raises(UnusableKey, match="never leaves"):
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(UnusableKey, match="never leaves"):
        pickle.dumps(key)

    assert copy.copy(key) is copy.deepcopy(key) is key
    assert on_token.pin not in repr(key) + repr(vars(key))


def test_is_made_to_stay(on_token: OnToken) -> None:
    """Sensitive, not extractable, for signing alone; and said so."""
    location = on_token.generate("p256")
    key = location.load()

    assert key.extractable is False  # type: ignore[union-attr] # a key on a token has it
    assert "never leaves it" in describe(location).encrypted


def test_is_never_overwritten(on_token: OnToken) -> None:
    """Neither is a key with the same label made, nor one of a type that no token makes."""
    location = on_token.generate("p256")
    first = location.load().public_key()
    with pytest.raises(UnusableKey, match="never overwritten"):
        on_token.generate("p256")
    with pytest.raises(UnusableKey, match="use rsa2048"):
        on_token.generate("mldsa65")

    assert location.load().public_key() == first


def test_missing_key_is_one_sentence(on_token: OnToken) -> None:
    """A token that is there, without the key that is asked for."""
    with pytest.raises(TokenAbsent, match="There is no key with label 'none' on the token"):
        on_token.location("none").load()


def test_other_parameters_are_refused(on_token: OnToken) -> None:
    """SHA-1, and PSS with another salt or mask than BR 7.1.3.2.1 has, reach no token."""
    key = on_token.generate("rsa2048").load()
    assert isinstance(key, rsa.RSAPrivateKey)
    digest = hashes.SHA256()
    for pad, algorithm in (
        (padding.PKCS1v15(), hashes.SHA1()),  # noqa: S303 - that it is refused
        (padding.PSS(padding.MGF1(digest), 20), digest),
        (padding.PSS(padding.MGF1(hashes.SHA384()), 32), digest),
        (padding.PSS(padding.MGF1(digest), padding.PSS.MAX_LENGTH), digest),
    ):
        with pytest.raises(UnusableKey):
            key.sign(b"text", pad, algorithm)


def test_algorithm_is_the_keys(on_token: OnToken) -> None:
    """A curve's setting stays its own: `pss` is for RSA."""
    key = on_token.generate("p256").load()
    with pytest.raises(UnusableKey, match="'pss' is for RSA"):
        algorithm_for(key.public_key(), SignatureName.PSS)
