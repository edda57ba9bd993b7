"""Which host names a certificate is for."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID

from pki_revocation.model import IssuedCertificate
from pki_revocation.register.host_names import host_names

NOW = datetime(2026, 11, 23, tzinfo=UTC)
KNOWN = IssuedCertificate(
    id=1, issuer_id=1, serial=1, subject="CN=zorg.example,O=Zorg BV", organisation="Zorg BV",
    not_before=None, not_after=NOW, number=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "names"),
    [
        ("CN=zorg.example,O=Zorg BV", ("zorg.example",)),
        ("O=Zorg BV", ("O=Zorg BV",)),
        ("/CN=no RFC 4514", ("/CN=no RFC 4514",)),
        ("", ()),
    ],
)
def test_without_its_der_the_common_name_is_told(subject: str, names: tuple[str, ...]) -> None:
    """Or the whole subject, as an index or a CSV has it."""
    assert host_names(replace(KNOWN, subject=subject)) == names
    assert host_names(replace(KNOWN, subject=subject, der=b"no certificate")) == names


def certificate_with(value: bytes) -> bytes:
    """A certificate whose alternative names are these octets."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "zorg.example")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW)
    unread = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, value)
    return builder.add_extension(unread, critical=False).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([x509.DNSName("b.example"), x509.RFC822Name("a@b"), x509.DNSName("a.example")], ("b.example", "a.example")),
        ([x509.RFC822Name("a@b")], ("zorg.example",)),
    ],
)
def test_dns_names_are_told_in_their_order(names: list[x509.GeneralName], told: tuple[str, ...]) -> None:
    """And the common name, which is one of them, no second time; other kinds of name are no hosts."""
    value = x509.SubjectAlternativeName(names).public_bytes()
    assert host_names(replace(KNOWN, der=certificate_with(value))) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"", ("zorg.example",)),
        (b"\x30\x05\x82\x09ab", ("zorg.example",)),
        (b"\x30\x03\x82\x01\n", ("\\0A",)),
        (b"\x30\x04\x82\x02a\xff", ("a\\xff",)),
    ],
)
def test_names_that_break_their_rules_break_no_mail(value: bytes, told: tuple[str, ...]) -> None:
    """What a CA signed has a subscriber too: nothing of it becomes a header, and nothing is refused."""
    assert host_names(replace(KNOWN, der=certificate_with(value))) == told
