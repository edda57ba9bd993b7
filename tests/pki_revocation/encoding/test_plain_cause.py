"""What a library says of octets that it cannot read never reaches an operator as it is."""

import re
from collections.abc import Callable

import pytest
from asn1crypto.crl import CertificateList
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509 import ocsp

from pki_revocation.encoding.plain_cause import plain_cause
from tests.pki import CertificateAuthority

_DER = CertificateAuthority("Openbaar").certificate.public_bytes(Encoding.DER)
_READERS: tuple[Callable[[bytes], object], ...] = (
    x509.load_der_x509_certificate,
    x509.load_der_x509_crl,
    ocsp.load_der_ocsp_request,
    load_der_public_key,
    lambda octets: CertificateList.load(octets, strict=True).native,
)
_UNFIT = (
    b"",
    b"\x30",
    b"hello",
    b"\x30\x80\x00\x00",
    b"\x30\x03\x02\x01",
    _DER[:-1],
    _DER + b"\0",
    _DER[:40] + _DER[41:],
)


@pytest.mark.parametrize("octets", _UNFIT, ids=range(len(_UNFIT)))
def test_no_parsers_state_is_told(octets: bytes) -> None:
    """Of each library that reads what others have written: half a sentence, and nothing of the program in it."""
    for error in filter(None, (_error_of(read, octets) for read in _READERS)):
        said = plain_cause(error)
        assert re.fullmatch(r"[^{}<>\n]+[^.:\s]", said), (error, said)
        assert not re.search(r"ParseError|asn1", said, re.IGNORECASE), (error, said)


def _error_of(read: Callable[[bytes], object], octets: bytes) -> Exception | None:
    try:
        read(octets)
    except Exception as error:  # noqa: BLE001 - whatever the library raises
        return error
    return None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("error parsing asn1 value: ParseError { kind: ShortData { needed: 2 } }", "it is cut off"),
        ("error parsing asn1 value: ParseError { kind: ExtraData, location: [] }", "something stands behind it"),
        ("ParseError { kind: BrandNew }", "its octets are not what they should be"),
        ("", "its octets are not what they should be"),
        ("<Thing object at 0x7f0000000000>", "its octets are not what they should be"),
        ("see https://cryptography.io/en/latest/faq", "its octets are not what they should be"),
        ("pki.some.module.Error raised", "its octets are not what they should be"),
        ("the year 20000 cannot be written as a Time", "the year 20000 cannot be written as a Time"),
        ("a serial has the tag 0x04, and not 0x02\nmore", "a serial has the tag 0x04, and not 0x02"),
        ("the key of type 1.2.840.10045 is unknown.", "the key of type 1.2.840.10045 is unknown"),
    ],
)
def test_what_is_plain_stays(said: str, told: str) -> None:
    """Our own half sentences, and a library's where they are such."""
    assert plain_cause(ValueError(said)) == told
