"""Serial numbers, whatever a CA gave: how the database keeps them, and how people write them.

RFC 5280 section 4.1.2.2 wants a serial positive and of at most 20 octets. A CA that gave another one must be able to
revoke it all the same (BR 4.9.1.1), and its CRL must show it as the certificate does (BR 7.2.2), so that zero, negative
and longer ones have a place here too.
"""

import re

from .unseen import UNSEEN

# RFC 5280 section 4.1.2.2: what a CA may give, and what every relying party must be able to read.
RFC_OCTETS = 20
# So long a serial's DER contents may be here: an entry of a CRL then has a length of one octet, whatever else it says.
MOST_OCTETS = 64
LIMIT = 1 << 8 * MOST_OCTETS - 1
_RFC_LIMIT = 1 << 8 * RFC_OCTETS - 1
# Colons stand between octets, and what a copy brings along.
_UNSEEN = re.compile(f"[{UNSEEN}]+")
_TEXT = re.compile(r"(-?)(?:0[xX])?([0-9A-Fa-f]+(?:[:-][0-9A-Fa-f]+)*)")
_HIGH_BIT = 0x80


def is_storable(serial: int) -> bool:
    """Whether a serial has a place in the register: up to `MOST_OCTETS`, zero and negative ones too."""
    return -LIMIT <= serial < LIMIT


def breach_of(serial: int) -> str:
    """What RFC 5280 section 4.1.2.2 has against a serial, as the end of a sentence; '' when nothing."""
    if 0 < serial < _RFC_LIMIT:
        return ""
    what = "is zero" if serial == 0 else "is negative" if serial < 0 else f"takes over {RFC_OCTETS} octets"
    return f"{what} (RFC 5280 section 4.1.2.2)"


def stored(serial: int) -> bytes:
    """A serial as the database keeps it.

    A positive one is its magnitude without leading zeros. No such octets begin with a zero, so that one in front marks
    the others: zero is that octet alone, and a negative one has its DER contents behind it.
    """
    if serial > 0:
        return serial.to_bytes((serial.bit_length() + 7) // 8)
    if serial == 0:
        return b"\0"
    return b"\0" + serial.to_bytes((~serial).bit_length() // 8 + 1, signed=True)


def from_stored(octets: bytes) -> int:
    """The serial that the database keeps as these octets."""
    if octets[:1] != b"\0":
        return int.from_bytes(octets)
    return int.from_bytes(octets[1:], signed=True)


def stored_from_der(contents: bytes) -> bytes:
    """The contents of a DER INTEGER as the database keeps them."""
    first = contents[0]
    if 0 < first < _HIGH_BIT:
        return contents
    if first == 0 and len(contents) > 1 and contents[1] >= _HIGH_BIT:
        return contents[1:]
    return stored(int.from_bytes(contents, signed=True))


def text_of(serial: int) -> str:
    """The one way in which a serial is written: lower-case hexadecimal, whole octets, a hyphen before a negative one.

    OpenSSL writes them so too, but for the capitals.
    """
    sign, digits = ("", f"{serial:x}") if serial >= 0 else ("-", f"{-serial:x}")
    return f"{sign}0{digits}" if len(digits) % 2 else f"{sign}{digits}"


def text_of_stored(octets: bytes) -> str:
    """The serial that the database keeps as these octets, as it is written."""
    return text_of(from_stored(octets))


def from_text(text: str) -> int:
    """A serial in hexadecimal as people and programs write it: with colons, spaces or hyphens, or 0x before it.

    Raises:
        ValueError: when it is none, or one that no register has.
    """
    found = _TEXT.fullmatch(_UNSEEN.sub("", text))
    serial = int(found[1] + re.sub("[:-]", "", found[2]), 16) if found else None
    if serial is None or not is_storable(serial):
        message = f"{text[:80]!r} is no serial in hexadecimal"
        raise ValueError(message)
    return serial
