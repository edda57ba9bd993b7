"""Subjects as text: RFC 4514, most specific part first, from certificates and from OpenSSL's one-line form."""

import re
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import NameOID

from pki_revocation.encoding.certificate_fields import values_in
from pki_revocation.encoding.der import OBJECT_IDENTIFIER, DerError, tlv

# X509_NAME_oneline puts / before each attribute. OpenSSL 3 writes / and + inside values as \/ and \+; older ones do
# not, so a separator is also told by the attribute's name and = that must follow it.
_ATTRIBUTE = r"(?=(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)=)"
_RDN = re.compile(r"(?<!\\)/" + _ATTRIBUTE)
_MULTI_VALUED = re.compile(r"(?<!\\)\+" + _ATTRIBUTE)
_ESCAPES = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|([/+]))")
# What needs neither unescaping nor escaping, as nearly all subjects: a million of them go by.
_PLAIN = re.compile(r"(?:/[A-Za-z][A-Za-z0-9-]*=[A-Za-z0-9](?:[A-Za-z0-9 .:@_&()'*-]*[A-Za-z0-9.)])?)+")
# RFC 4514 section 3: the types that have a name; all others are written in numbers.
_NAMES = {
    bytes.fromhex("550403"): "CN",
    bytes.fromhex("550407"): "L",
    bytes.fromhex("550408"): "ST",
    bytes.fromhex("55040a"): "O",
    bytes.fromhex("55040b"): "OU",
    bytes.fromhex("550406"): "C",
    bytes.fromhex("550409"): "STREET",
    bytes.fromhex("0992268993f22c640119"): "DC",
    bytes.fromhex("0992268993f22c640101"): "UID",
}
# UTF8String, NumericString, PrintableString, TeletexString, IA5String, VisibleString, GeneralString.
_STRINGS = frozenset({0x0C, 0x12, 0x13, 0x14, 0x16, 0x1A, 0x1B})
# BMPString and UniversalString: octets for each character, and how they are read.
_WIDE = {0x1E: (2, "utf-16-be"), 0x1C: (4, "utf-32-be")}
_MORE = 0x80
_SPECIAL = re.compile(r'[\\,+"<>;]|^[ #]| $')


class Subject(NamedTuple):
    """A subject's RFC 4514 text, and its organisation's name; '' where it has none."""

    text: str
    organisation: str


def from_der(name: bytes) -> Subject:
    """The Name of a certificate, whatever stands in it: what cannot be read is shown in hexadecimal.

    A string that holds what its type may not is taken as UTF-8, or else as Latin-1, as OpenSSL does; any other value is
    shown as the octets of its DER (RFC 4514 section 2.4).
    """
    try:
        ((_, rdns),) = values_in(name)
        read = [[_attribute(attribute) for _, attribute in values_in(rdn)] for _, rdn in values_in(rdns)]
    except ValueError:
        return Subject(f"#{name.hex()}", "")
    organisation = next((value for rdn in read for kind, value, _ in rdn if kind == "O"), "")
    text = ",".join("+".join(f"{kind}={shown}" for kind, _, shown in rdn) for rdn in reversed(read))
    return Subject(_shown(text), _plain(organisation))


def _attribute(attribute: bytes) -> tuple[str, str, str]:
    """The name of an attribute's type, its value as text, and as RFC 4514 writes it."""
    (kind, oid), (tag, value) = values_in(attribute)
    if kind != OBJECT_IDENTIFIER or not oid:
        raise DerError("an attribute has no type")
    name = _NAMES.get(oid) or _dotted(oid)
    text = _text(tag, value)
    return (name, "", f"#{tlv(tag, value).hex()}") if text is None else (name, text, _escaped(text))


def _text(tag: int, value: bytes) -> str | None:
    """What a string says; None for what is no string, or cannot be one."""
    if tag in _WIDE:
        octets, encoding = _WIDE[tag]
        return None if len(value) % octets else value.decode(encoding, "replace")
    if tag not in _STRINGS:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


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


def from_oneline(text: str) -> Subject:
    r"""The subject column of an index.txt, such as /C=NL/O=Zorg BV/CN=zorg.example.

    Octets outside printable ASCII stand there as \xHH and are taken as UTF-8; in Latin-1 when they are none.

    Raises:
        ValueError: when it is not of that form.
    """
    if _PLAIN.fullmatch(text):
        rdns = text[1:].split("/")
        organisation = next((rdn[2:] for rdn in rdns if rdn.startswith("O=")), "")
        return Subject(",".join(reversed(rdns)), organisation)
    if text in {"", "/"}:
        return Subject("", "")
    begin, *rdns = _RDN.split(text)
    if begin or not rdns:
        message = f"{text[:60]!r} is not of the form /C=.../O=.../CN=..."
        raise ValueError(message)
    organisation = ""
    written = []
    for rdn in reversed(rdns):
        attributes = []
        for attribute in _MULTI_VALUED.split(rdn) if "+" in rdn else (rdn,):
            kind, _, value = attribute.partition("=")
            if "\\" in value:
                value = _unescaped(value)
            # The first one of the certificate counts, and the parts are walked from the last.
            if kind == "O":
                organisation = value
            attributes.append(f"{kind}={_escaped(value)}")
        written.append("+".join(attributes))
    return Subject(_shown(",".join(written)), _plain(organisation))


def from_text(text: str) -> Subject:
    """An RFC 4514 text, or a one-line form, that a CSV row gives; what is neither is kept as it stands."""
    text = text.strip()
    if text.startswith("/"):
        try:
            return from_oneline(text)
        except ValueError:
            return Subject(_shown(text), "")
    try:
        name = x509.Name.from_rfc4514_string(text)
    except ValueError:
        return Subject(_shown(text), "")
    organisations = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return Subject(_shown(name.rfc4514_string()), _plain(str(organisations[0].value) if organisations else ""))


def _unescaped(value: str) -> str:
    octets = _ESCAPES.sub(lambda found: bytes.fromhex(found[1].decode()) if found[1] else found[2], value.encode())
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _escaped(value: str) -> str:
    return _SPECIAL.sub(lambda found: "\\" + found[0], value) if _SPECIAL.search(value) else value


def _shown(text: str) -> str:
    """Control characters become hexadecimal pairs (RFC 4514 section 2.4), so that no line is broken and none hidden."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else "".join(f"\\{octet:02X}" for octet in each.encode("utf-8", "replace"))
        for each in text
    )


def _plain(text: str) -> str:
    """A name for a letter: on one line, whatever stood in it."""
    return text if text.isprintable() else " ".join(_blanked(text).split())


def _blanked(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
