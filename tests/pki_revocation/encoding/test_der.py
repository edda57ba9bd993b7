"""DER: what is made, asn1crypto and `cryptography` read; what is not DER is refused."""

from datetime import UTC, datetime

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from pki_revocation.encoding import der
from pki_revocation.encoding.der import DerError


@given(st.integers(min_value=0, max_value=1 << 200))
def test_integers_are_what_asn1crypto_makes(value: int) -> None:
    """Minimal and never negative."""
    assert der.integer(value) == core.Integer(value).dump()


@given(st.binary(max_size=70_000))
def test_octet_strings_of_every_length_come_back(content: bytes) -> None:
    """Short and long lengths are written in their shortest form, and found again."""
    encoded = der.octet_string(content)

    assert encoded == core.OctetString(content).dump()
    tag, begin, end = der.bounds(encoded)
    assert (tag, encoded[begin:], end) == (der.OCTET_STRING, content, len(encoded))


@given(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 39),
        st.lists(st.integers(0, 1 << 40), max_size=8),
    )
)
def test_object_identifiers_are_what_asn1crypto_makes(arcs: tuple[int, int, list[int]]) -> None:
    """Each arc in base 128."""
    first, second, rest = arcs
    dotted = ".".join(map(str, (first, second, *rest)))

    assert der.object_identifier(dotted) == core.ObjectIdentifier(dotted).dump()


@pytest.mark.parametrize(
    ("moment", "encoded"),
    [
        (datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC), b"\x17\x0d261123140322Z"),
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x17\x0d491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), b"\x18\x0f20500101000000Z"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x18\x0f99991231235959Z"),
    ],
)
def test_times_change_form_in_2050(moment: datetime, encoded: bytes) -> None:
    """UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 section 5.1.2.4)."""
    assert der.time(moment) == encoded


def test_generalized_time_has_four_digits_of_year() -> None:
    """Python leaves leading zeros out of early years; DER does not."""
    assert der.generalized_time(datetime(987, 1, 2, 3, 4, 5, tzinfo=UTC)) == b"\x18\x0f09870102030405Z"


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
    ],
)
def test_what_is_not_der_is_refused(data: bytes) -> None:
    """BER forms and truncation are errors, never guesses (X.690 section 10.1)."""
    with pytest.raises(DerError):
        der.bounds(data)


@given(data=st.binary(max_size=300), offset=st.integers(0, 300))
def test_looking_anywhere_ends_in_a_value_or_an_error(data: bytes, offset: int) -> None:
    """No input makes it fail in another way, and what it finds lies in what was given."""
    try:
        found = der.bounds(data, offset)
    except DerError:
        return
    assert offset < found.begin <= found.end <= len(data)
    assert data[offset : found.end] == der.tlv(found.tag, data[found.begin : found.end])


def test_extension_leaves_out_the_default() -> None:
    """FALSE is not encoded (X.690 section 11.5)."""
    oid = der.object_identifier("2.5.29.20")

    assert der.extension(oid, b"\x02\x01\x01") == bytes.fromhex("300a0603551d140403020101")
    assert b"\x01\x01\xff" in der.extension(oid, b"", critical=True)
