"""Subjects as text: RFC 4514, most specific part first, from certificates and from OpenSSL's one-line form."""

import re
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import NameOID

from pki_revocation.encoding.names import (
    ORGANISATION,
    escaped,
    first_text,
    name_text,
    on_one_line,
    relative_names,
    written,
)

# X509_NAME_oneline puts / before each attribute. OpenSSL 3 writes / and + inside values as \/ and \+; older ones do
# not, so a separator is also told by the attribute's name and = that must follow it.
_ATTRIBUTE = r"(?=(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)=)"
_RDN = re.compile(r"(?<!\\)/" + _ATTRIBUTE)
_MULTI_VALUED = re.compile(r"(?<!\\)\+" + _ATTRIBUTE)
_ESCAPES = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|([/+]))")
# What needs neither unescaping nor escaping, as nearly all subjects: a million of them go by.
_PLAIN = re.compile(r"(?:/[A-Za-z][A-Za-z0-9-]*=[A-Za-z0-9](?:[A-Za-z0-9 .:@_&()'*-]*[A-Za-z0-9.)])?)+")


class Subject(NamedTuple):
    """A subject's RFC 4514 text, and its organisation's name; '' where it has none."""

    text: str
    organisation: str


def from_der(name: bytes) -> Subject:
    """The Name of a certificate, whatever stands in it."""
    try:
        relative = relative_names(name)
    except ValueError:
        return Subject(name_text(name), "")
    return Subject(written(relative), _plain(first_text(relative, ORGANISATION)))


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
    names = []
    for rdn in reversed(rdns):
        attributes = []
        for attribute in _MULTI_VALUED.split(rdn) if "+" in rdn else (rdn,):
            kind, _, value = attribute.partition("=")
            if "\\" in value:
                value = _unescaped(value)
            # The first one of the certificate counts, and the parts are walked from the last.
            if kind == "O":
                organisation = value
            attributes.append(f"{kind}={escaped(value)}")
        names.append("+".join(attributes))
    return Subject(on_one_line(",".join(names)), _plain(organisation))


def from_text(text: str) -> Subject:
    """An RFC 4514 text, or a one-line form, that a CSV row gives; what is neither is kept as it stands."""
    text = text.strip()
    if text.startswith("/"):
        try:
            return from_oneline(text)
        except ValueError:
            return Subject(on_one_line(text), "")
    try:
        name = x509.Name.from_rfc4514_string(text)
    except ValueError:
        return Subject(on_one_line(text), "")
    organisations = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return Subject(on_one_line(name.rfc4514_string()), _plain(str(organisations[0].value) if organisations else ""))


def _unescaped(value: str) -> str:
    octets = _ESCAPES.sub(lambda found: bytes.fromhex(found[1].decode()) if found[1] else found[2], value.encode())
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _plain(text: str) -> str:
    """A name for a letter: on one line, whatever stood in it."""
    return text if text.isprintable() else " ".join(_blanked(text).split())


def _blanked(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
