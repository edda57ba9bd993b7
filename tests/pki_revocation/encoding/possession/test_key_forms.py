"""One key has one hash, however it is written (RFC 4055 section 1.2, RFC 5480 section 2.2)."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki_revocation.encoding.der import NULL, bit_string, explicit, object_identifier, sequence, tlv
from pki_revocation.encoding.possession.key_forms import key_hash, key_hashes, usual_form
from pki_revocation.encoding.values import values_in
from tests.key_proofs import MAKERS, key_of, spki

RSA, PSS, EC = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.10045.2.1"
SHA256 = sequence(object_identifier("2.16.840.1.101.3.4.2.1"), tlv(NULL))


def bits(public_key: bytes) -> bytes:
    """The BIT STRING of a SubjectPublicKeyInfo."""
    ((_, contents),) = values_in(public_key)
    _, (_, key) = values_in(contents)
    return key[1:]


@pytest.mark.parametrize("kind", MAKERS)
def test_usual_form_is_the_librarys(kind: str) -> None:
    """What nearly every certificate has is left as it is, and has one hash: the SHA-256 of its octets."""
    public_key = spki(key_of(kind))

    assert usual_form(public_key) == public_key
    assert key_hashes(public_key) == (hashlib.sha256(public_key).digest(),)


def test_rsa_key_is_one_key_however_it_is_bound() -> None:
    """With and without the NULL, and as RSASSA-PSS with and without parameters."""
    usual = spki(key_of("rsa2048"))
    modulus = bit_string(bits(usual))
    forms = [
        sequence(sequence(object_identifier(RSA)), modulus),
        sequence(sequence(object_identifier(PSS)), modulus),
        sequence(sequence(object_identifier(PSS), sequence(explicit(0, SHA256))), modulus),
    ]
    for form in forms:
        assert key_hashes(form) == (key_hash(usual), hashlib.sha256(form).digest())


def test_point_is_one_key_compressed_or_not() -> None:
    """An EC key whose point is compressed, or whose curve is known to no library."""
    key = key_of("p256").public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    curve = object_identifier("1.2.840.10045.3.1.7")
    compressed = sequence(sequence(object_identifier(EC), curve), bit_string(point))
    assert key_hash(compressed) == key_hash(spki(key_of("p256")))

    unknown = sequence(sequence(object_identifier(EC), object_identifier("1.2.3.4")), bit_string(point))
    assert key_hashes(unknown) == (hashlib.sha256(unknown).digest(),)


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x30", b"\x30\x00", b"\x02\x01\x00", sequence(sequence(), bit_string(b"")), sequence(bit_string(b""), b"")],
)
def test_whatever_stands_in_a_keys_place_has_a_hash(octets: bytes) -> None:
    """A certificate whose key nothing can read is found by its octets all the same."""
    assert key_hashes(octets) == (hashlib.sha256(octets).digest(),)
