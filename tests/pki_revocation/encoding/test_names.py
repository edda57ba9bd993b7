"""Names as text: as RFC 4514 writes them, in hexadecimal what is no text, and nothing that a terminal would act on."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.der import object_identifier, sequence, tlv
from pki_revocation.encoding.names import (
    COUNTRY,
    ORGANISATION,
    common_name,
    is_readable,
    name_text,
    readable_parts,
    subject_text,
)
from tests.odd_authorities import (
    BMP,
    COMMON_NAME,
    IA5,
    ODD_NAMES,
    PRINTABLE,
    SET,
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
        (UTF8, b"Zorg \xe9", "Zorg é"),
        (TELETEX, b"Geb\xfchren", "Gebühren"),
        (TELETEX, b"Zorg", "Zorg"),
        (IA5, b"\xf6", "ö"),
        (PRINTABLE, b"Zorg, CA", r"Zorg\, CA"),
        (PRINTABLE, "Zörg".encode(), "Zörg"),
        (BMP, "Zorg Ł".encode("utf-16-be"), "Zorg Ł"),
        (UNIVERSAL, "Zorg".encode("utf-32-be"), "Zorg"),
        (BMP, b"\0Z\0", "#1e03005a00"),
        (UNIVERSAL, b"\x7f\xff\xff\xff", "\ufffd"),
        (0x03, b"\0\1", "#03020001"),
        (0x02, b"\x05", "#020105"),
        (UTF8, b"a\x1b[2Jb", r"a\1B[2Jb"),
        (UTF8, b"line\nline", r"line\0Aline"),
        (UTF8, "evil\u202egnp".encode(), r"evil\E2\80\AEgnp"),
        (UTF8, b"=1+1,x", r"=1\+1\,x"),
        (UTF8, b"a\0b", r"a\00b"),
        (UTF8, b"", ""),
        (UTF8, b" ", r"\ "),
    ],
)
def test_each_string_type(tag: int, value: bytes, text: str) -> None:
    """Latin-1 where it is no UTF-8, as OpenSSL does, escaped where it would steer a terminal, else as its octets."""
    assert name_text(odd_name(tag, value)) == f"CN={text},O=Register,C=NL"


@pytest.mark.parametrize("octets", [b"", b"\x05\x00", b"\x30\x03\x02\x01\x05", b"\x30\x04\x31\x02\x30\x00"])
def test_what_is_no_name_is_shown_whole(octets: bytes) -> None:
    """Never an error: it is printed where something is being reported."""
    assert name_text(octets) == f"#{octets.hex()}"


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=list(ODD_NAMES))
def test_certificate_with_an_odd_name_has_a_text(name: bytes) -> None:
    """On one line, whoever asks: of the subject, and of the issuer in what it issued."""
    made = OddAuthority(name)

    assert subject_text(made.certificate) == name_text(name) == name_text(parts_of(made.issue(EPOCH)).issuer)
    assert subject_text(made.certificate).isprintable()
    text = name_text(name).partition("CN=")[2].partition(",")[0]
    assert common_name(made.certificate) == ("" if text.startswith("#") else text)
    assert not is_readable(name)


def test_common_name_is_the_first_that_is_there() -> None:
    """Escaped too; empty where there is none."""
    assert common_name(OddAuthority(named(attribute(COMMON_NAME, UTF8, b"A\x07B"))).certificate) == r"A\07B"
    assert common_name(OddAuthority(named()).certificate) == ""


LONG_FORM = b"\x30\x81\x0e" + attribute(COMMON_NAME, UTF8, b"ab")
NOT_MINIMAL = sequence(tlv(SET, sequence(b"\x06\x04\x80\x55\x04\x03", tlv(UTF8, b"ab"))))


@pytest.mark.parametrize("name", [LONG_FORM, NOT_MINIMAL, b"", b"\x05\x00", sequence(tlv(SET, sequence()))])
def test_only_a_name_in_der_is_readable(name: bytes) -> None:
    """A strict reader must not be given what only this one takes."""
    assert is_readable(odd_name(UTF8, b"ab"))
    assert is_readable(x509.Name([]).public_bytes())
    assert not is_readable(name)


def test_parts_that_can_be_copied() -> None:
    """Those of one attribute of the types asked for, whose value is text as its type has it; in DER."""
    country = attribute("2.5.4.6", PRINTABLE, b"NL")
    broken, pair = (
        attribute("2.5.4.10", UTF8, b"\xff"),
        tlv(SET, sequence(*[object_identifier("2.5.4.6"), b"\x0c\0"]) * 2),
    )
    name = sequence(country, broken, pair, attribute(COMMON_NAME, UTF8, b"ab"))

    assert readable_parts(name, {COUNTRY, ORGANISATION}) == [country]
    with pytest.raises(ValueError, match="SEQUENCE"):
        readable_parts(b"\x05\x00", {COUNTRY})
