"""Serials whatever a CA gave: kept in one way, written in one way, and read as people and programs write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki_revocation.encoding.der import integer
from pki_revocation.encoding.serials import (
    LIMIT,
    MOST_OCTETS,
    breach_of,
    from_stored,
    from_text,
    is_storable,
    stored,
    stored_from_der,
    text_of,
    text_of_stored,
)

ANY = st.integers(-LIMIT, LIMIT - 1) | st.integers(-70_000, 70_000)


@given(ANY)
def test_every_serial_comes_back(serial: int) -> None:
    """From the database, from DER and from its text."""
    assert is_storable(serial)
    assert from_stored(stored(serial)) == serial
    assert stored_from_der(integer(serial)[2:]) == stored(serial)
    assert from_text(text_of(serial)) == serial
    assert text_of_stored(stored(serial)) == text_of(serial)


@given(ANY, ANY)
def test_two_serials_are_kept_as_different_octets(one: int, other: int) -> None:
    """A negative one is no positive one with the same octets."""
    assert (stored(one) == stored(other)) == (one == other)


@given(st.integers(1, (1 << 159) - 1))
def test_what_was_kept_before_is_kept_so_still(serial: int) -> None:
    """Positive ones are their magnitude: databases need no change."""
    assert stored(serial) == serial.to_bytes((serial.bit_length() + 7) // 8)


@pytest.mark.parametrize(
    ("serial", "text"),
    [
        (0, "00"),
        (1, "01"),
        (0xABC, "0abc"),
        (0xFF, "ff"),
        (-24, "-18"),
        (-1, "-01"),
        (-256, "-0100"),
        (1 << 160, "01" + 40 * "0"),
    ],
)
def test_text(serial: int, text: str) -> None:
    """Whole octets in small letters, and a hyphen before a negative one."""
    assert text_of(serial) == text


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        ("70 01", 0x7001),
        ("70:01", 0x7001),
        ("70-01", 0x7001),
        ("0x7001", 0x7001),
        ("\u200e70 01", 0x7001),
        ("70\u00a001\u200b", 0x7001),
        ("\u00ad70\u300001\u2062", 0x7001),
        ("\ufeff7001\r\n", 0x7001),
        ("-18", -24),
        ("- 18", -24),
        ("-0x18", -24),
        ("-00:18", -24),
        ("00", 0),
        ("0000000000000000000000000000000000000000000000000001", 1),
    ],
)
def test_text_as_it_is_typed(text: str, serial: int) -> None:
    """As Windows, OpenSSL, browsers and people write it."""
    assert from_text(text) == serial


@pytest.mark.parametrize(
    "text", ["", "-", "0x", "zz", "70,01", "70--01", ":70", "１", "1" * (2 * MOST_OCTETS + 1), "--18"]
)
def test_what_is_no_serial(text: str) -> None:
    """One sentence for all of them."""
    with pytest.raises(ValueError, match="is no serial in hexadecimal"):
        from_text(text)


@pytest.mark.parametrize(
    ("contents", "serial"), [(b"\0\0\5", 5), (b"\0\5", 5), (b"\xff\xe8", -24), (b"\0\0\x80", 0x80), (b"\0\0", 0)]
)
def test_der_that_is_not_minimal_is_the_number_that_it_means(contents: bytes, serial: int) -> None:
    """Other programs' CRLs are read too: five is five, and not minus something."""
    assert stored_from_der(contents) == stored(serial)


@pytest.mark.parametrize(
    ("serial", "words"),
    [(0, "is zero"), (-1, "is negative"), (1 << 159, "takes over 20 octets"), ((1 << 159) - 1, ""), (1, "")],
)
def test_what_the_standard_has_against_it(serial: int, words: str) -> None:
    """RFC 5280 section 4.1.2.2."""
    assert breach_of(serial) == (f"{words} (RFC 5280 section 4.1.2.2)" if words else "")


@pytest.mark.parametrize("serial", [LIMIT, -LIMIT - 1])
def test_what_is_too_long_is_told(serial: int) -> None:
    """An entry of a CRL with it would need another length."""
    assert not is_storable(serial)
    assert is_storable(serial - 1) or is_storable(serial + 1)
