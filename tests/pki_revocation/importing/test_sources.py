"""Which files are read and what they are: told by their contents, folders walked in a fixed order."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.importing.candidates import Refusal
from pki_revocation.importing.sources import Format, format_of, sources
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import index_row, pem

CSV = b"serial,subject,not_after\n01,x,2027-11-23T14:03:22Z\n"
KEY = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"-----BEGIN CERTIFICATE-----\n", Format.PEM),
        (b"subject=CN = zorg\n-----BEGIN CERTIFICATE-----\n", Format.PEM),
        (KEY + b"-----BEGIN CERTIFICATE-----\n", Format.PEM),
        (b"-----BEGIN TRUSTED CERTIFICATE-----\n", Format.PEM),
        (KEY, Format.PEM),
        (b"broken\n" + index_row(1).encode(), Format.INDEX),
        (index_row(1).encode("utf-16"), Format.INDEX),
        (b"\xef\xbb\xbf" + index_row(1).encode(), Format.INDEX),
        (index_row(1).encode("utf-16-le"), Format.INDEX),
        (index_row(1).replace("\n", "\r").encode(), Format.INDEX),
        (CSV.decode().encode("utf-32"), Format.CSV),
        ("-----BEGIN CERTIFICATE-----\n".encode("utf-16"), Format.PEM),
        (b"\x30\x82\x01\x00", Format.DER),
        (index_row(1).encode(), Format.INDEX),
        (b"# made by hand\n\n" + index_row(1, "260102030405Z").encode(), Format.INDEX),
        (CSV, Format.CSV),
        (b"\xef\xbb\xbf" + CSV, Format.CSV),
        (b'"certificate";"status"\n"-----BEGIN CERTIFICATE-----\n', Format.CSV),
        (b"naam,adres\n", Format.CSV),
        (b"", Format.NOTHING),
        (b"\n# nothing\n", Format.NOTHING),
        (b"unique_subject = no\n", None),
        (b"\x89PNG\r\n\x1a\n,,\0", None),
    ],
)
def test_format_by_contents(head: bytes, expected: Format | None) -> None:
    """The name of a file says nothing about what is in it."""
    assert format_of(head) is expected


def test_real_certificates_in_both_forms(authority: CertificateAuthority, clock: FakeClock) -> None:
    """A real certificate is told in PEM and in DER."""
    certificate = authority.issue("Zorg BV", clock.now())

    assert format_of(certificate.public_bytes(Encoding.DER)) is Format.DER
    assert format_of(pem(certificate)) is Format.PEM


def test_folder_is_walked_and_sorted(tmp_path: Path) -> None:
    """Indexes and CSV first, then by path; what lies beside certificates and is none is passed over."""
    contents = {
        "b/newcerts/02.pem": b"-----BEGIN CERTIFICATE-----\n",
        "b/newcerts/01.pem": b"-----BEGIN CERTIFICATE-----\n",
        "a.der": b"\x30\x82\x01\x00",
        "b/index.txt": index_row(1).encode(),
        "b/index.txt.attr": b"unique_subject = no\n",
        "b/index.txt.old": index_row(1).encode(),
        "b/serial": b"03\n",
        "b/ca.key": KEY,
        "b/ca.pem": KEY,
        ".git/objects/aa": b"junk",
        ".hidden.pem": b"-----BEGIN CERTIFICATE-----\n",
        "c/odd.bin": b"\0\1\2",
    }
    for name, octets in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(octets)

    found = list(sources([tmp_path]))

    files = [(str(each[0].relative_to(tmp_path)), each[1]) for each in found if not isinstance(each, Refusal)]
    assert files == [
        ("b/index.txt", Format.INDEX),
        ("a.der", Format.DER),
        ("b/ca.pem", Format.NOTHING),
        ("b/newcerts/01.pem", Format.PEM),
        ("b/newcerts/02.pem", Format.PEM),
    ]
    assert [str(each) for each in found if isinstance(each, Refusal)] == [
        f"{tmp_path}/c/odd.bin: It is neither PEM, DER, an index.txt nor CSV with a header."
    ]


def test_named_files_are_never_passed_over(tmp_path: Path) -> None:
    """Whoever names a file hears about it: missing, unreadable, or with nothing in it to import."""
    (tmp_path / "a.key").write_bytes(KEY)
    (tmp_path / "index.txt").write_bytes(b"")

    missing, key, empty = sources([tmp_path / "missing.pem", tmp_path / "a.key", tmp_path / "index.txt"])

    assert isinstance(missing, Refusal)
    assert missing.reason == "There is no such file."
    assert isinstance(key, Refusal)
    assert key.reason == "It has no certificate in it."
    assert empty == (tmp_path / "index.txt", Format.NOTHING)


def test_devices_are_refused(tmp_path: Path) -> None:
    """What is neither file nor folder is not opened: reading it might never end."""
    (refusal,) = sources([Path("/dev/zero")])

    assert isinstance(refusal, Refusal)
    assert "no file and no folder" in refusal.reason
