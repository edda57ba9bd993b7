"""Subjects: OpenSSL's one-line form, certificates' names and RFC 4514 texts all come out in one form."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from pki_revocation.importing.subjects import Subject, from_der, from_oneline, from_text
from tests.pki import name


def from_name(name: x509.Name) -> Subject:
    """What is read of a name's octets."""
    return from_der(name.public_bytes())


@pytest.mark.parametrize(
    ("oneline", "text", "organisation"),
    [
        ("/C=NL/O=Zorg BV/CN=zorg.example", "CN=zorg.example,O=Zorg BV,C=NL", "Zorg BV"),
        ("/CN=zorg.example", "CN=zorg.example", ""),
        ("", "", ""),
        ("/", "", ""),
        ("/O=Zorg, Zoon & Co/CN=a", "CN=a,O=Zorg\\, Zoon & Co", "Zorg, Zoon & Co"),
        ("/O=Co\\xC3\\xB6peratie/CN=a", "CN=a,O=Coöperatie", "Coöperatie"),
        ("/O=Co\\xF6peratie/CN=a", "CN=a,O=Coöperatie", "Coöperatie"),
        ("/O=A\\/B\\+C/CN=a", "CN=a,O=A/B\\+C", "A/B+C"),
        ("/O=A/B of C/CN=a", "CN=a,O=A/B of C", "A/B of C"),
        ("/O=Zorg+OU=ICT/CN=a", "CN=a,O=Zorg+OU=ICT", "Zorg"),
        ("/O=Een/O=Twee/CN=a", "CN=a,O=Twee,O=Een", "Een"),
        ("/O=A \\ B/CN=a", "CN=a,O=A \\\\ B", "A \\ B"),
        ("/O=#1 /CN= a", "CN=\\ a,O=\\#1\\ ", "#1 "),
        ("/O=A\\x0AB/CN=a\\x00b", "CN=a\\00b,O=A\\0AB", "A B"),
        ("/C=NL/1.2.3.4=x/emailAddress=a@b.example", "emailAddress=a@b.example,1.2.3.4=x,C=NL", ""),
    ],
)
def test_oneline_becomes_rfc_4514(oneline: str, text: str, organisation: str) -> None:
    """Most specific part first, OpenSSL's escapes undone, RFC 4514's made, nothing that breaks a line."""
    assert from_oneline(oneline) == (text, organisation)


@pytest.mark.parametrize("oneline", ["CN=zorg.example", "zorg", "//", "/zorg"])
def test_other_forms_are_refused(oneline: str) -> None:
    """What is no one-line subject is not guessed at."""
    with pytest.raises(ValueError, match="is not of the form"):
        from_oneline(oneline)


def test_certificate_name_and_oneline_agree() -> None:
    """The same subject from a certificate and from an index.txt is the same text."""
    assert from_name(name("zorg.example", "Zorg BV")) == from_oneline("/C=NL/O=Zorg BV/CN=zorg.example")


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=40))
def test_escaped_values_are_read_back(value: str) -> None:
    """Whatever stands in a value, an RFC 4514 reader gets it back."""
    octets = "".join(f"\\x{ord(each):02X}" for each in value)

    subject = from_oneline(f"/O={octets}/CN=a")

    parsed = x509.Name.from_rfc4514_string(subject.text)
    assert parsed.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == value
    assert subject.organisation == value


@pytest.mark.parametrize(
    ("given_text", "text", "organisation"),
    [
        ("CN=zorg.example,O=Zorg BV,C=NL", "CN=zorg.example,O=Zorg BV,C=NL", "Zorg BV"),
        ("/C=NL/O=Zorg BV/CN=zorg.example", "CN=zorg.example,O=Zorg BV,C=NL", "Zorg BV"),
        (" zorg.example ", "zorg.example", ""),
        ("/zorg.example", "/zorg.example", ""),
    ],
)
def test_text_of_either_form_is_taken(given_text: str, text: str, organisation: str) -> None:
    """CSV rows may hold RFC 4514, OpenSSL's form, or a name of their own making."""
    assert from_text(given_text) == (text, organisation)
