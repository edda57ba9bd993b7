"""Values of BER and DER that stand one after the other, wherever a CA wrote them (X.690 section 8.1).

A length may be written in more octets than it takes, which DER forbids and signatures cover all the same. What must be
DER and nothing else is read by declarations (`declared`), and what is DER and long by its places (`der.bounds`).
"""

from collections.abc import Iterator
from typing import NamedTuple

from .der import DerError

_LONG_LENGTH = 0x80
_HIGH_TAG = 0x1F


class Span(NamedTuple):
    """Where a value begins, its tag, and where its contents begin and end."""

    at: int
    tag: int
    begin: int
    end: int


def spans(data: bytes, begin: int, end: int) -> Iterator[Span]:
    """The values between two places, one after the other."""
    while begin < end:
        found = span(data, begin, end)
        yield found
        begin = found.end


def span(data: bytes, at: int, limit: int, wanted: int | None = None, what: str = "a value") -> Span:
    """One value; its length may be written in more octets than it takes, which DER forbids and signatures cover.

    Raises:
        DerError: when it does not end before *limit*, has no definite length, or another tag than the one *wanted*.
    """
    if at + 2 > limit:
        raise DerError(f"{what} is cut off")
    tag, length, begin = data[at], data[at + 1], at + 2
    if wanted is not None and tag != wanted:
        raise DerError(f"{what} has the tag {tag:#04x}, and not {wanted:#04x}")
    if tag & _HIGH_TAG == _HIGH_TAG:
        while begin <= limit and data[begin - 1] & _LONG_LENGTH:
            begin += 1
        if begin >= limit:
            raise DerError(f"{what} is cut off in its tag")
        length, begin = data[begin], begin + 1
    if length & _LONG_LENGTH:
        octets = length ^ _LONG_LENGTH
        if octets == 0:
            raise DerError(f"{what} has no definite length")
        length, begin = int.from_bytes(data[begin : begin + octets]), begin + octets
    if begin + length > limit:
        raise DerError(f"{what} is cut off")
    return Span(at, tag, begin, begin + length)


def values_in(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and contents of the values that stand one after the other.

    Raises:
        DerError: when they do not fill *data*.
    """
    for each in spans(data, 0, len(data)):
        yield each.tag, data[each.begin : each.end]
