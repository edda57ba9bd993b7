"""What is read by declarations comes back as the octets that it was, and an identifier is one."""

import pytest
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from pki_revocation.encoding.declared import Identifier, SubjectPublicKeyInfo, identifier, octets, values_of
from pki_revocation.encoding.der import DerError, bit_string, object_identifier, octet_string, sequence, tlv
from tests.pki import CertificateAuthority

RSA = object_identifier("1.2.840.113549.1.1.1")
TAGS = st.integers(0, 0xFF).filter(lambda tag: tag & 0x1F != 0x1F)


@given(tag=TAGS, content=st.binary(max_size=300))
def test_a_value_comes_back_as_it_was(tag: int, content: bytes) -> None:
    """X.690 section 10: DER has one form, so that tag and contents are all that one must keep."""
    encoded = tlv(tag, content)

    assert octets(asn1.decode_der(asn1.TLV, encoded)) == encoded


def test_high_tag_numbers_are_refused() -> None:
    """X.690 section 8.1.2.4: nothing that is read here has a tag of several octets."""
    with pytest.raises(DerError):
        octets(asn1.decode_der(asn1.TLV, b"\x1f\x1f\x00"))


@given(contents=st.lists(st.binary(max_size=70_000), max_size=3))
def test_values_come_back_in_their_order(contents: list[bytes]) -> None:
    """Short and long lengths alike."""
    written = [octet_string(each) for each in contents]

    assert [octets(each) for each in values_of(sequence(*written))] == written


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x05\x00",
        b"\x30\x80\x00\x00",
        b"\x30\x81\x05\x02\x01\x01\x05\x00",
        b"\x30\x82\x00\x80" + bytes(128),
        b"\x30\x84\xff\xff\xff\xff",
        b"\x3f\x1f\x00",
        b"\x30\x00\x00",
        b"\x31\x00",
        b"\x30\x02\x04\x05",
        b"\x30\x04\x30\x80\x00\x00",
    ],
    ids=[
        "nothing",
        "no length",
        "cut off",
        "indefinite length",
        "long form for a short length",
        "leading zero in the length",
        "longer than the file",
        "high tag number",
        "something behind it",
        "another tag",
        "a value longer than what holds it",
        "a value of indefinite length",
    ],
)
def test_what_is_not_der_is_refused(data: bytes) -> None:
    """BER forms, truncation and trailing bytes are errors, never guesses (X.690 section 10.1)."""
    with pytest.raises(ValueError, match="parsing"):
        values_of(data)


@given(st.binary(max_size=300))
def test_reading_anything_ends_in_values_or_an_error(data: bytes) -> None:
    """No input makes the reader fail in another way, and what it reads is all that there was."""
    try:
        found = [octets(each) for each in values_of(data)]
    except ValueError:
        return
    assert sequence(*found) == data


def _read(*values: bytes) -> Identifier:
    return asn1.decode_der(SubjectPublicKeyInfo, sequence(sequence(*values), bit_string(b""))).algorithm


@pytest.mark.parametrize("parameters", [b"", tlv(0x05), sequence(RSA)], ids=["absent", "NULL", "a SEQUENCE"])
def test_identifiers_come_back_as_they_were(parameters: bytes) -> None:
    """RFC 5280 section 4.1.1.2: parameters of any type, or none."""
    assert identifier(_read(RSA, parameters)) == sequence(RSA, parameters)


@pytest.mark.parametrize(
    "values",
    [(), (tlv(0x05),), (b"\x06\x03\x2b\x80\x0e",), (RSA, b"\x05\x01\x00"), (RSA, tlv(0x05), tlv(0x05))],
    ids=["empty", "no OBJECT IDENTIFIER", "one that is not minimal", "a NULL with contents", "two parameters"],
)
def test_what_is_no_identifier_is_refused(values: tuple[bytes, ...]) -> None:
    """An identifier that the declaration lets pass as a list is looked at value by value."""
    with pytest.raises(ValueError, match=r"identifier|parsing"):
        identifier(_read(*values))


def test_a_public_key_is_read_as_it_was_written() -> None:
    """RFC 5280 section 4.1.2.7: the algorithm as it stands in a certificate, and the key's bits."""
    public = CertificateAuthority("Declared CA").key.public_key()
    encoded = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    read = asn1.decode_der(SubjectPublicKeyInfo, encoded)

    assert sequence(identifier(read.algorithm), bit_string(read.public_key.as_bytes())) == encoded
    assert read.public_key.as_bytes() == public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
