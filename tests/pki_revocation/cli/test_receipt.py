"""`receipt` writes a document that is whole or not there, and on disk when the command says so."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.cli.program import program
from tests.disks import fill, small_disk
from tests.pki import CertificateAuthority
from tests.power_cuts import power_cuts
from tests.receipts import text_of


class Revoked:
    """An installation, and a certificate in it that is revoked."""

    def __init__(self, folder: Path) -> None:
        """By the commands themselves."""
        self.folder = folder / "register"
        authority = CertificateAuthority("Demo Zorgverzekeraars CA")
        certificate = authority.issue("Zorg BV", datetime.now(UTC).replace(microsecond=0))
        (folder / "zorg.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (folder / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        self.serial = f"{certificate.serial_number:x}"
        for arguments in (
            ["init"],
            ["issuer", "add", str(folder / "ca.pem"), "--name", "issuing"],
            ["certificate", "import", str(folder / "zorg.pem")],
            ["revoke", self.serial, "--yes"],
        ):
            done = self.run(*arguments)
            assert done.exit_code == 0, done.output

    def run(self, *arguments: str) -> Result:
        """One command on this installation."""
        return CliRunner().invoke(program, [*arguments, "--directory", str(self.folder)])

    def receipt(self, file: Path) -> Result:
        """Its receipt, into that file."""
        return self.run("receipt", self.serial, "--language", "en", "--to", str(file))


@pytest.fixture
def revoked(tmp_path: Path) -> Revoked:
    """A fresh one."""
    return Revoked(tmp_path)


def test_receipt_survives_a_power_cut(revoked: Revoked, tmp_path: Path) -> None:
    """An older one of the same name is there whole until the new one is, and the new one when the command says so."""
    folder = tmp_path / "receipts"
    folder.mkdir()
    (folder / "receipt.pdf").write_bytes(b"older")
    said: list[Result] = []

    cuts = power_cuts(folder, lambda: said.append(revoked.receipt(folder / "receipt.pdf")))

    assert said[0].exit_code == 0, said[0].output
    written = (folder / "receipt.pdf").read_bytes()
    assert written.startswith(b"%PDF")
    assert {left.content("receipt.pdf") for left in cuts.during} == {b"older", written}
    assert {left.content("receipt.pdf") for left in cuts.ended} == {written}
    assert (folder / "receipt.pdf").stat().st_mode & 0o777 == 0o640


def test_full_disk_keeps_the_older_one(revoked: Revoked, tmp_path: Path) -> None:
    """One sentence, and nothing beside it."""
    with small_disk(tmp_path / "disk") as disk:
        (disk / "receipt.pdf").write_bytes(b"older")
        fill(disk)
        done = revoked.receipt(disk / "receipt.pdf")

        assert done.exit_code == 1
        assert "No space left on device" in done.output
        assert (disk / "receipt.pdf").read_bytes() == b"older"
        assert {each.name for each in disk.iterdir()} == {"receipt.pdf", "filler"}


def test_key_that_cannot_be_read_costs_no_receipt(revoked: Revoked, tmp_path: Path) -> None:
    """It is the page's account's: an operator's receipt goes out without a signature, and says so."""
    with (revoked.folder / "config.toml").open("a") as config:
        config.write('\n[receipts]\nkey = "absent.key"\ncertificate = "absent.pem"\n')
    done = revoked.receipt(tmp_path / "receipt.pdf")

    assert done.exit_code == 0, done.output
    assert "This file itself is not signed" in " ".join(text_of((tmp_path / "receipt.pdf").read_bytes()).split())
