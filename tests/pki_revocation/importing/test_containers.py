"""What holds a certificate and is not taken is named: bundles joined anyhow, every encoding, and containers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7, pkcs12

from pki_revocation.importing.candidates import Candidate, Refusal
from pki_revocation.importing.importer import Importer
from pki_revocation.importing.pem_der import blocks_of, read_der, read_pem
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import pem
from tests.pki_revocation.importing.test_pem_der import registered

KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"


@pytest.fixture
def three(authority: CertificateAuthority, clock: FakeClock) -> list[str]:
    """Three certificates in PEM, without an end of the last line."""
    return [pem(authority.issue(f"Zorg {n}", clock.now(), serial=n)).decode().strip() for n in (1, 2, 3)]


JOINED: dict[str, Callable[[str, str, str], str]] = {
    "as they should be": lambda a, b, c: f"{a}\n{b}\n{c}\n",
    "glued": lambda a, b, c: a + b + c,
    "glued to a key": lambda a, b, c: KEY + a + KEY + b + c,
    "CR": lambda a, b, c: f"{a}\n{b}\n{c}\n".replace("\n", "\r"),
    "CR and LF": lambda a, b, c: f"{a}\n{b}\n{c}\n".replace("\n", "\r\n"),
    "marks between": lambda a, b, c: f"\ufeff{a}\n\ufeff{b}\n\u200b{c}\n",
    "words on the line": lambda a, b, c: f"subject=/CN=a {a}\nissuer=x {b} trailing {c}",
    "blanks before": lambda a, b, c: "\n".join(f"    {line}" for line in f"{a}\n{b}\n{c}".splitlines()),
    "blank lines inside": lambda a, b, c: f"{a}\n{b}\n{c}".replace("\n", "\n\n"),
    "one long line each": lambda a, b, c: "\n".join(_on_one_line(each) for each in (a, b, c)),
    "far behind keys": lambda a, b, c: (KEY + "\n") * 3000 + f"{a}\n{b}\n{c}",
    "as X509 CERTIFICATE": lambda a, b, c: f"{a}\n{b}\n{c}".replace("CERTIFICATE", "X509 CERTIFICATE"),
}


def _on_one_line(block: str) -> str:
    begin, *body, end = block.splitlines()
    return f"{begin}\n{''.join(body)}\n{end}"


@pytest.mark.parametrize("how", JOINED)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_every_certificate_of_a_bundle_is_taken(
    authority: CertificateAuthority, three: list[str], tmp_path: Path, how: str, encoding: str
) -> None:
    """In order and with its rank, however the files were joined and saved."""
    file = tmp_path / "bundle.pem"
    file.write_bytes(JOINED[how](*three).encode(encoding))

    found = [each for each in read_pem(file, registered(authority)) if isinstance(each, Candidate)]

    assert [(each.serial, each.place) for each in found] == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.parametrize("size", range(65_400, 65_640, 17))
def test_blocks_across_the_border_of_what_is_read_at_once(three: list[str], tmp_path: Path, size: int) -> None:
    """A marker that lies half in one piece and half in the next is found."""
    file = tmp_path / "bundle.pem"
    file.write_text("x" * size + "".join(three))

    assert [each.label for each in blocks_of(file)] == ["CERTIFICATE"] * 3


def test_der_files_that_were_joined(authority: CertificateAuthority, clock: FakeClock, tmp_path: Path) -> None:
    """One after the other; what stands behind them is said."""
    ders = [authority.issue("Zorg", clock.now(), serial=n).public_bytes(Encoding.DER) for n in (1, 2)]
    (tmp_path / "two.der").write_bytes(b"".join(ders))
    (tmp_path / "more.der").write_bytes(ders[0] + b"junk")

    two = list(read_der(tmp_path / "two.der", registered(authority)))
    more = list(read_der(tmp_path / "more.der", registered(authority)))

    assert [each.serial for each in two if isinstance(each, Candidate)] == [1, 2]
    assert [type(each) for each in more] == [Refusal]


def test_containers_are_named(
    importer: Importer, authority: CertificateAuthority, clock: FakeClock, tmp_path: Path
) -> None:
    """With what unpacks them; in a folder too, where the certificates beside them go in and no exit status changes."""
    certificate = authority.issue("Zorg BV", clock.now(), serial=1)
    folder = tmp_path / "issued"
    folder.mkdir()
    bag = pkcs12.serialize_key_and_certificates(b"a", None, certificate, None, serialization.NoEncryption())
    (folder / "a.p12").write_bytes(bag)
    (folder / "b.pfx").write_bytes(bag)
    (folder / "c.pem").write_bytes(pem(certificate))

    report = importer.run([folder])

    assert (report.added, report.refused) == (1, {})
    assert sorted(remark.source.path.name for remark in report.remarks) == ["a.p12", "b.pfx"]
    named = importer.run([folder / "a.p12"])
    assert "openssl pkcs12 -nokeys" in named.text()
    for encoding, name in ((Encoding.PEM, "a.p7b"), (Encoding.DER, "b.p7b")):
        (folder / name).write_bytes(pkcs7.serialize_certificates([certificate], encoding))
    texts = importer.run([folder])
    assert texts.refused_in_all == 2
    assert texts.text().count("openssl pkcs7 -print_certs") == 2


def test_certificate_in_a_file_that_folders_pass_over(
    importer: Importer, authority: CertificateAuthority, clock: FakeClock, tmp_path: Path
) -> None:
    """A key's file with its certificate behind it, and one that was kept as .old: what is in them counts."""
    folder = tmp_path / "issued"
    folder.mkdir()
    for serial, name in enumerate(("a.key", "b.pem.old", "c.log", "d.conf"), start=1):
        (folder / name).write_bytes(KEY.encode() + pem(authority.issue("Zorg BV", clock.now(), serial=serial)))
    (folder / "e.key").write_text(KEY)
    (folder / "index.txt.old").write_text("V\t271123140322Z\t\t07\tunknown\t/CN=x\n")

    report = importer.run([folder])

    assert (report.added, report.refused) == (4, {})
