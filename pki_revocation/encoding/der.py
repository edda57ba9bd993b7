"""DER that is made by hand, and where a value lies in octets that are read piece by piece (X.690 section 10).

What is read whole is read by declarations (`declared`). OCSP responses and CRL entries are made here, because the
benchmark rows `nonce` and `publish` pay for it, and the builders of `cryptography` cannot make all that RFC 6960
allows; a CRL's list is longer than what is held in memory at once. Tests hold every function against both libraries.
"""

from datetime import datetime
from typing import NamedTuple

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
ENUMERATED = 0x0A
SEQUENCE = 0x30
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18

_SHORT_FORM_LIMIT = 0x80
_MULTI_BYTE_TAG = 0x1F
FIRST_YEAR = 1950
_FIRST_GENERALIZED_YEAR = 2050


class DerError(ValueError):
    """The bytes are not the DER that was expected."""


def header(tag: int, length: int) -> bytes:
    """Tag and length octets, in the shortest form (X.690 section 10.1)."""
    if length < _SHORT_FORM_LIMIT:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, _SHORT_FORM_LIMIT | len(octets))) + octets


def tlv(tag: int, *contents: bytes) -> bytes:
    """One value: tag, length, and the contents one after the other."""
    body = b"".join(contents)
    return header(tag, len(body)) + body


def sequence(*contents: bytes) -> bytes:
    """A SEQUENCE of the given values."""
    return tlv(SEQUENCE, *contents)


def explicit(number: int, *contents: bytes) -> bytes:
    """A context-specific, constructed value: [number] EXPLICIT."""
    return tlv(0xA0 | number, *contents)


def integer(value: int) -> bytes:
    """An INTEGER in as few octets as it takes (X.690 section 8.3.2)."""
    if value < 0:
        return tlv(INTEGER, value.to_bytes((~value).bit_length() // 8 + 1, signed=True))
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def enumerated(value: int) -> bytes:
    """An ENUMERATED below 128."""
    return tlv(ENUMERATED, bytes((value,)))


def octet_string(content: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(OCTET_STRING, content)


def bit_string(content: bytes) -> bytes:
    """A BIT STRING of whole octets."""
    return tlv(BIT_STRING, b"\0", content)


def object_identifier(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    body = bytearray()
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        body += bytes(reversed(groups))
    return tlv(OBJECT_IDENTIFIER, bytes(body))


def generalized_time(moment: datetime) -> bytes:
    """A GeneralizedTime of an aware UTC moment: seconds always, no fraction (RFC 5280 section 4.1.2.5.2)."""
    return tlv(GENERALIZED_TIME, f"{moment:%Y%m%d%H%M%S}Z".encode().rjust(15, b"0"))


def time(moment: datetime) -> bytes:
    """A Time: UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 section 5.1.2.4).

    Raises:
        DerError: for a year before 1950, which UTCTime would turn into one of the next century.
    """
    if moment.year < FIRST_YEAR:
        raise DerError(f"the year {moment.year} cannot be written as a Time")
    if moment.year < _FIRST_GENERALIZED_YEAR:
        return tlv(UTC_TIME, f"{moment:%y%m%d%H%M%S}Z".encode())
    return generalized_time(moment)


def extension(oid: bytes, value: bytes, *, critical: bool = False) -> bytes:
    """An Extension (RFC 5280 section 4.1): FALSE, the default of *critical*, is left out."""
    return sequence(oid, b"\x01\x01\xff" if critical else b"", octet_string(value))


class Bounds(NamedTuple):
    """Where a value lies: its tag, where its contents begin, and the offset behind it."""

    tag: int
    begin: int
    end: int


def bounds(data: bytes, offset: int = 0, *, size: int | None = None) -> Bounds:
    """Find one value at *offset*, without copying anything of it.

    Args:
        data: what holds it, or its beginning with at least the value's header.
        offset: where it begins.
        size: how long what holds it is, where *data* is only its beginning.

    Raises:
        DerError: for a high tag number, an indefinite or non-minimal length, or missing octets.
    """
    try:
        tag, length = data[offset], data[offset + 1]
    except IndexError:
        message = "a value is cut off in its header"
        raise DerError(message) from None
    start = offset + 2
    if tag & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:
        message = "a tag number above 30 has no place here"
        raise DerError(message)
    if length >= _SHORT_FORM_LIMIT:
        count = length & 0x7F
        octets = data[start : start + count]
        if count == 0 or len(octets) < count or octets[0] == 0:
            message = "a length is indefinite, cut off or not minimal"
            raise DerError(message)
        length = int.from_bytes(octets)
        if length < _SHORT_FORM_LIMIT:
            message = "a length is not minimal"
            raise DerError(message)
        start += count
    end = start + length
    if end > (len(data) if size is None else size):
        message = "a value is longer than what holds it"
        raise DerError(message)
    return Bounds(tag, start, end)
