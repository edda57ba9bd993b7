"""A Name as text, as RFC 4514 writes it: the one writer of all names that are read from octets.

The library refuses a whole name for one value that it cannot read. Here a string that holds what its type may not is
taken as UTF-8, or else as Latin-1, as OpenSSL does, so that a CA's certificates and its index.txt name a subject alike;
any other value is shown as `#` and the hexadecimal of its BER (RFC 4514 section 2.4). Nothing that a terminal or a log
would act on is left in a name: the subscriber or the CA chose it.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from cryptography import x509

from .certificate_parts import parts_of
from .der import OBJECT_IDENTIFIER, SEQUENCE, DerError, object_identifier, sequence, tlv
from .values import values_in

# Contents of their OBJECT IDENTIFIERs.
COMMON_NAME, COUNTRY, ORGANISATION = (bytes.fromhex(each) for each in ("550403", "550406", "55040a"))
# RFC 4514 section 3: the types that have a keyword; all others are written in numbers.
_KEYWORDS = {
    COMMON_NAME: "CN",
    bytes.fromhex("550407"): "L",
    bytes.fromhex("550408"): "ST",
    ORGANISATION: "O",
    bytes.fromhex("55040b"): "OU",
    COUNTRY: "C",
    bytes.fromhex("550409"): "STREET",
    bytes.fromhex("0992268993f22c640119"): "DC",
    bytes.fromhex("0992268993f22c640101"): "UID",
}
# What each string type of RFC 5280 section 4.1.2.4 may hold: UTF8String, NumericString, PrintableString, TeletexString,
# IA5String, VisibleString, UniversalString and BMPString. A TeletexString that is no UTF-8 may be Latin-1 or T.61, and
# says not which.
_CODECS = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "utf-8",
    0x16: "ascii",
    0x1A: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
# Those of one octet for each character or part of one, and GeneralString: what is shown of them whatever they hold.
_STRINGS = frozenset({0x0C, 0x12, 0x13, 0x14, 0x16, 0x1A, 0x1B})
# UniversalString and BMPString: octets for each character.
_WIDE = {0x1C: 4, 0x1E: 2}
_SET = 0x31
_MORE = 0x80
_SPECIAL = re.compile(r'[\\,+"<>;]|^[ #]| $')


class Attribute(NamedTuple):
    """An attribute of a Name: the contents of its type, and its value's tag and contents."""

    oid: bytes
    tag: int
    value: bytes

    @property
    def dotted(self) -> str:
        """Its type, with dots."""
        return _dotted(self.oid)

    @property
    def text(self) -> str | None:
        """What its value says; None for what is no string, or cannot be one."""
        tag, value = self.tag, self.value
        if tag in _STRINGS:
            try:
                return value.decode()
            except UnicodeDecodeError:
                return value.decode("latin-1")
        if tag not in _WIDE:
            return None
        return None if len(value) % _WIDE[tag] else value.decode(_CODECS[tag], "replace")

    @property
    def is_readable(self) -> bool:
        """Whether the value is text as its type has it, and the type is one that DER knows."""
        try:
            self.value.decode(_CODECS[self.tag])
            return object_identifier(self.dotted) == tlv(OBJECT_IDENTIFIER, self.oid)
        except (KeyError, ValueError):
            return False

    @property
    def der(self) -> bytes:
        """The AttributeTypeAndValue, in DER."""
        return sequence(tlv(OBJECT_IDENTIFIER, self.oid), tlv(self.tag, self.value))


def subject_text(certificate: x509.Certificate) -> str:
    """The subject as RFC 4514 writes it, on one line."""
    return name_text(parts_of(certificate).subject)


def common_name(certificate: x509.Certificate) -> str:
    """The first common name of the subject, on one line; empty where it has none, or one that is no text."""
    return on_one_line(first_text(relative_names(parts_of(certificate).subject), COMMON_NAME))


def readable_parts(encoded: bytes, types: Collection[bytes]) -> list[bytes]:
    """The relative names of one attribute of these types, in DER: those whose value is text.

    Raises:
        ValueError: when it is no Name.
    """
    return [
        _relative(attributes)
        for attributes in relative_names(encoded)
        if len(attributes) == 1 and attributes[0].oid in types and attributes[0].is_readable
    ]


def is_readable(encoded: bytes) -> bool:
    """Whether a Name is in DER, and every value in it text of a string type that RFC 5280 section 4.1.2.4 knows."""
    try:
        relative = relative_names(encoded)
    except ValueError:
        return False
    if sequence(*(_relative(each) for each in relative)) != encoded:
        return False
    return all(each.is_readable for attributes in relative for each in attributes)


def name_text(encoded: bytes) -> str:
    """A Name as RFC 4514 writes it, the last relative name first; one that is no Name is all hexadecimal."""
    try:
        return written(relative_names(encoded))
    except ValueError:
        return f"#{encoded.hex()}"


def relative_names(encoded: bytes) -> list[list[Attribute]]:
    """The attributes of each RelativeDistinguishedName, in order.

    Raises:
        ValueError: when it is no Name.
    """
    ((tag, names),) = values_in(encoded)
    if tag != SEQUENCE:
        raise DerError("a Name is a SEQUENCE")
    return [[_attribute(each) for _, each in values_in(name)] for _, name in values_in(names)]


def written(relative: Sequence[Sequence[Attribute]]) -> str:
    """A Name's attributes as RFC 4514 writes them, on one line."""
    return on_one_line(",".join("+".join(map(_written, attributes)) for attributes in reversed(relative)))


def first_text(relative: Iterable[Iterable[Attribute]], oid: bytes) -> str:
    """The first value of a type, as it stands there; '' where there is none, or one that is no text."""
    return next((each.text or "" for attributes in relative for each in attributes if each.oid == oid), "")


def escaped(value: str) -> str:
    """RFC 4514 section 2.4: the special characters, a number sign or space in front, a space at the end."""
    return _SPECIAL.sub(lambda found: "\\" + found[0], value) if _SPECIAL.search(value) else value


def on_one_line(text: str) -> str:
    """What does not print, and what turns the writing round, as the hexadecimal of its UTF-8 (RFC 4514 section 2.4)."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else "".join(f"\\{octet:02X}" for octet in each.encode("utf-8", "replace"))
        for each in text
    )


def _attribute(attribute: bytes) -> Attribute:
    (kind, oid), (tag, value) = values_in(attribute)
    if kind != OBJECT_IDENTIFIER or not oid:
        raise DerError("an attribute has no type")
    return Attribute(oid, tag, value)


def _written(attribute: Attribute) -> str:
    text = attribute.text
    shown = f"#{tlv(attribute.tag, attribute.value).hex()}" if text is None else escaped(text)
    return f"{_KEYWORDS.get(attribute.oid) or attribute.dotted}={shown}"


def _relative(attributes: Sequence[Attribute]) -> bytes:
    return tlv(_SET, *(each.der for each in attributes))


def _dotted(oid: bytes) -> str:
    """An OBJECT IDENTIFIER's contents in its dotted form."""
    arcs, arc = [], 0
    for octet in oid:
        arc = arc << 7 | octet & 0x7F
        if octet < _MORE:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2) if arcs else 0
    return ".".join(str(each) for each in (first, arcs[0] - 40 * first, *arcs[1:])) if arcs else f"#{oid.hex()}"
