"""Which key signs how: the table, and the quick way to sign one short text after the other."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from keys.algorithms import SignatureName, algorithm_for, algorithm_of, algorithms_for, verifiable
from keys.errors import UnusableKey
from keys.files.file_key import KEY_TYPES
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
        (RSA, [f"{scheme} with SHA-{bits}" for scheme in ("RSA", "RSASSA-PSS") for bits in (256, 384, 512)]),
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


# BR 7.1.3.2.1, as it is written there.
BASELINE = {
    "RSA with SHA-256": "300d06092a864886f70d01010b0500",
    "RSA with SHA-384": "300d06092a864886f70d01010c0500",
    "RSA with SHA-512": "300d06092a864886f70d01010d0500",
    "RSASSA-PSS with SHA-256": "304106092a864886f70d01010a3034a00f300d06096086480165030402010500"
    "a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120",
    "RSASSA-PSS with SHA-384": "304106092a864886f70d01010a3034a00f300d06096086480165030402020500"
    "a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130",
    "RSASSA-PSS with SHA-512": "304106092a864886f70d01010a3034a00f300d06096086480165030402030500"
    "a11c301a06092a864886f70d010108300d06096086480165030402030500a203020140",
    "ECDSA with SHA-256": "300a06082a8648ce3d040302",
    "ECDSA with SHA-384": "300a06082a8648ce3d040303",
}


def test_identifiers_are_the_baseline_requirements_octet_for_octet() -> None:
    """BR 7.1.3.2.1 and 7.1.3.2.2 print what an AlgorithmIdentifier must be, hexadecimal digit for digit."""
    table = {each.name: each.identifier.hex() for key in (RSA, P256, P384) for each in algorithms_for(key.public_key())}

    assert table == BASELINE


def test_no_algorithm_is_sha_1() -> None:
    """Neither to sign with nor to verify; and PSS without parameters is PSS with SHA-1 (RFC 4055 section 3.1)."""
    public = RSA.public_key()
    for each in verifiable(public):
        assert each.digest in {"sha256", "sha384", "sha512"}
    for identifier in (
        "300d06092a864886f70d0101050500",
        "300b06092a864886f70d01010a",
        "300d06092a864886f70d01010a3000",
    ):
        assert bytes.fromhex(identifier) not in {spelling for each in verifiable(public) for spelling in each.spellings}
        with pytest.raises(UnusableKey, match="none that its signer's key"):
            algorithm_of(bytes.fromhex(identifier), public)


@pytest.mark.parametrize("name", list(SignatureName))
def test_signature_says_how_it_was_made(name: SignatureName) -> None:
    """A plain RSA key verifies PSS and PKCS#1 v1.5: the identifier beside the signature decides, and no other fits."""
    public, chosen = RSA.public_key(), algorithm_for(RSA.public_key(), name)
    signature = chosen.sign(RSA, [b"text"])

    algorithm_of(chosen.identifier, public).verify(public, signature, [b"text"])
    for other in verifiable(public):
        if other is not chosen:
            with pytest.raises(InvalidSignature):
                other.verify(public, signature, [b"text"])


def test_setting_is_for_rsa_alone() -> None:
    """`pss` for a curve is a mistake, and said so."""
    with pytest.raises(UnusableKey, match="'pss' is for RSA keys"):
        algorithm_for(P256.public_key(), SignatureName.PSS)
