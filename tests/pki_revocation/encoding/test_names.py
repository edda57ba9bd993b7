"""Names as text: as RFC 4514 writes them, in hexadecimal what is no text, and nothing that a terminal would act on."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from pki_revocation.encoding.names import common_name, issuer_text, name_text, subject_text
from tests.odd_authorities import (
    BMP,
    COMMON_NAME,
    IA5,
    ODD_NAMES,
    PRINTABLE,
    TELETEX,
    UNIVERSAL,
    UTF8,
    OddAuthority,
    attribute,
    named,
    odd_name,
)
from tests.pki import EPOCH


@pytest.mark.parametrize(
    "name",
    [
        x509.Name([]),
        x509.Name.from_rfc4514_string("CN=Issuing CA,O=Register,C=NL"),
        x509.Name.from_rfc4514_string(r"CN=a\,b\+c\"d\\e\<f\>g\;h,O=\#1,OU=\ x\ "),
        x509.Name.from_rfc4514_string("UID=7+DC=example,STREET=Plein 1,ST=ZH,L=Den Haag"),
        x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, "NTRNL-1"), x509.NameAttribute(NameOID.TITLE, "é")]
        ),
    ],
)
def test_name_that_can_be_read_is_as_the_library_writes_it(name: x509.Name) -> None:
    """Octet by octet or by the library: one text."""
    assert name_text(name.public_bytes()) == name.rfc4514_string()


@pytest.mark.parametrize(
    ("tag", "value", "text"),
    [
        (UTF8, b"Zorg \xe9", "#0c065a6f726720e9"),
        (TELETEX, b"Geb\xfchren", "#1408476562fc6872656e"),
        (TELETEX, b"Zorg", "Zorg"),
        (IA5, b"\xf6", "#1601f6"),
        (PRINTABLE, b"Zorg, CA", r"Zorg\, CA"),
        (BMP, "Zorg Ł".encode("utf-16-be"), "Zorg Ł"),
        (UNIVERSAL, "Zorg".encode("utf-32-be"), "Zorg"),
        (0x02, b"\x05", "#020105"),
        (UTF8, b"a\x1b[2Jb", r"a\1b[2Jb"),
        (UTF8, b"line\nline", r"line\0aline"),
        (UTF8, "evil\u202egnp".encode(), r"evil\e2\80\aegnp"),
        (UTF8, b"", ""),
        (UTF8, b" ", r"\ "),
    ],
)
def test_each_string_type(tag: int, value: bytes, text: str) -> None:
    """Shown as text where it is one, escaped where it would steer a terminal, and else as the octets of its DER."""
    assert name_text(odd_name(tag, value)) == f"CN={text},O=Register,C=NL"


@pytest.mark.parametrize("octets", [b"", b"\x05\x00", b"\x30\x03\x02\x01\x05", b"\x30\x04\x31\x02\x30\x00"])
def test_what_is_no_name_is_shown_whole(octets: bytes) -> None:
    """Never an error: it is printed where something is being reported."""
    assert name_text(octets) == f"#{octets.hex()}"


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=list(ODD_NAMES))
def test_certificate_with_an_odd_name_has_a_text(name: bytes) -> None:
    """On one line, whoever asks: of the subject, and of the issuer in what it issued."""
    made = OddAuthority(name)

    assert subject_text(made.certificate) == name_text(name) == issuer_text(made.issue(EPOCH))
    assert subject_text(made.certificate).isprintable()
    assert common_name(made.certificate) == ""


def test_common_name_is_the_first_that_is_there() -> None:
    """Escaped too; empty where there is none."""
    assert common_name(OddAuthority(named(attribute(COMMON_NAME, UTF8, b"A\x07B"))).certificate) == r"A\07B"
    assert common_name(OddAuthority(named()).certificate) == ""
