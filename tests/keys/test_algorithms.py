"""Which key signs how: the table, and the quick way to sign one short text after the other."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from keys.algorithms import algorithm_for, algorithms_for, verifiable
from keys.errors import UnusableKey
from keys.file_key import KEY_TYPES
from keys.signature_algorithm import SignatureAlgorithm

RSA = rsa.generate_private_key(65537, 2048)
P256, P384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())


@pytest.mark.parametrize("key_type", [*KEY_TYPES])
def test_every_key_type_signs_quickly_with_all_that_it_may(key_type: str) -> None:
    """What was made ready once signs text after text, and other hands verify it."""
    key = KEY_TYPES[key_type]()
    for algorithm in algorithms_for(key.public_key()):
        sign = algorithm.signer(key)
        for text in (b"", b"one", b"two" * 1000):
            algorithm.verify(key.public_key(), sign(text), [text])
            with pytest.raises(InvalidSignature):
                algorithm.verify(key.public_key(), sign(text), [text, b"!"])


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (RSA, ["RSA with SHA-256", "RSA with SHA-384", "RSA with SHA-512"]),
        (P256, ["ECDSA with SHA-256"]),
        (P384, ["ECDSA with SHA-384"]),
        (ed25519.Ed25519PrivateKey.generate(), ["Ed25519"]),
    ],
    ids=["RSA", "P-256", "P-384", "Ed25519"],
)
def test_choice_is_the_baseline_requirements(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, names: list[str]
) -> None:
    """BR 7.1.3.2: RSA may choose, the curves are pinned to their hash, and the first is what nobody asked for."""
    public = key.public_key()

    assert [each.name for each in algorithms_for(public)] == names
    assert algorithm_for(public) is algorithms_for(public)[0]
    assert {each.name for each in algorithms_for(public)} <= {each.name for each in verifiable(public)}


@pytest.mark.parametrize("key", [P256, P384], ids=["P-256", "P-384"])
def test_others_may_sign_with_any_strong_hash(key: ec.EllipticCurvePrivateKey) -> None:
    """The pinning is for what a CA signs; a relying party's ECDSA takes SHA-256, 384 and 512 (RFC 5758)."""
    found = verifiable(key.public_key())

    assert [each.digest for each in found] == ["sha256", "sha384", "sha512"]
    for algorithm in found:
        algorithm.verify(key.public_key(), algorithm.signer(key)(b"text"), [b"text"])


@pytest.mark.parametrize(
    "algorithm", [algorithms_for(key.public_key())[0] for key in (RSA, ed25519.Ed25519PrivateKey.generate())]
)
def test_key_of_another_type_is_no_signer(algorithm: SignatureAlgorithm) -> None:
    """A key and an algorithm that do not go together are found before anything is signed."""
    key = ed25519.Ed25519PrivateKey.generate() if algorithm.digest else RSA

    with pytest.raises(UnusableKey, match="PrivateKey does not sign with"):
        algorithm.signer(key)
