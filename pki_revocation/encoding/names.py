"""A certificate's names as text, whatever is in them: what cannot be read as text is shown in hexadecimal.

The library refuses a whole name for one value that it cannot read. RFC 4514 section 2.4 writes a value that has no
string as `#` and the hexadecimal of its BER. Nothing that a terminal or a log would act on is left in a name: the
subscriber or the CA chose it.
"""

import unicodedata
from collections.abc import Collection

from cryptography import x509

from .certificate_parts import parts_of
from .declared import octets, values_of
from .der import bounds

# RFC 4514 section 3.
_KEYWORDS = {
    "2.5.4.3": "CN",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "2.5.4.9": "STREET",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
COMMON_NAME = "2.5.4.3"
# UTF8String, NumericString, PrintableString, TeletexString, IA5String, VisibleString, UniversalString and BMPString. A
# TeletexString that is no UTF-8 may be Latin-1 or T.61, and says not which: its octets are shown.
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
_SPECIAL = frozenset('"+,;<>\\')
# Control and format characters, and what breaks a line.
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def subject_text(certificate: x509.Certificate) -> str:
    """The subject as RFC 4514 writes it, on one line."""
    return name_text(parts_of(certificate).subject)


def issuer_text(certificate: x509.Certificate) -> str:
    """The issuer's name in a certificate as RFC 4514 writes it, on one line."""
    return name_text(parts_of(certificate).issuer)


def common_name(certificate: x509.Certificate) -> str:
    """The first common name of the subject; empty where it has none, or one that is no text."""
    for attributes in _relative_names(parts_of(certificate).subject):
        for oid, value in attributes:
            if oid == COMMON_NAME:
                return _on_one_line(_string(value) or "")
    return ""


def readable_parts(encoded: bytes, oids: Collection[str]) -> list[bytes]:
    """The relative names of one attribute of these types, in their own octets: those whose value is text.

    Raises:
        ValueError: when it is no Name.
    """
    names = [octets(each) for each in values_of(encoded)]
    return [
        name
        for name, attributes in zip(names, _relative_names(encoded), strict=True)
        if len(attributes) == 1 and attributes[0][0] in oids and _string(attributes[0][1]) is not None
    ]


def is_readable(encoded: bytes) -> bool:
    """Whether every value in a Name is text of a string type that RFC 5280 section 4.1.2.4 knows."""
    try:
        return all(_string(value) is not None for each in _relative_names(encoded) for _, value in each)
    except ValueError:
        return False


def name_text(encoded: bytes) -> str:
    """A Name in DER as RFC 4514 writes it, the last relative name first; one that is no Name is all hexadecimal."""
    try:
        relative = _relative_names(encoded)
    except ValueError:
        return f"#{encoded.hex()}"
    return ",".join("+".join(_attribute(*each) for each in attributes) for attributes in reversed(relative))


def _relative_names(encoded: bytes) -> list[list[tuple[str, bytes]]]:
    """The attributes of each RelativeDistinguishedName, in order: OBJECT IDENTIFIER and the value's own DER.

    Raises:
        ValueError: when it is no Name.
    """
    return [[_parsed(octets(each)) for each in values_of(b"\x30" + octets(name)[1:])] for name in values_of(encoded)]


def _parsed(attribute: bytes) -> tuple[str, bytes]:
    oid, value = values_of(attribute)
    return oid.parse(x509.ObjectIdentifier).dotted_string, octets(value)


def _attribute(oid: str, value: bytes) -> str:
    text = _string(value)
    shown = f"#{value.hex()}" if text is None else _on_one_line(_escaped(text))
    return f"{_KEYWORDS.get(oid, oid)}={shown}"


def _string(value: bytes) -> str | None:
    found = bounds(value)
    codec = _CODECS.get(found.tag)
    try:
        return None if codec is None else value[found.begin : found.end].decode(codec)
    except UnicodeDecodeError:
        return None


def _escaped(text: str) -> str:
    """RFC 4514 section 2.4: the special characters, a number sign or space in front, a space at the end."""
    first, last = 0, len(text) - 1
    return "".join(
        f"\\{each}"
        if each in _SPECIAL or (place == first and each in "# ") or (place == last and each == " ")
        else each
        for place, each in enumerate(text)
    )


def _on_one_line(text: str) -> str:
    """What does not print, and what turns the writing round, as the hexadecimal of its UTF-8 (RFC 4514 section 2.4)."""
    return "".join(
        each
        if unicodedata.category(each) not in _UNSHOWN
        else "".join(f"\\{octet:02x}" for octet in each.encode(errors="surrogatepass"))
        for each in text
    )
