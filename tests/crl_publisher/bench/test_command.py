"""`pki-revocation bench crl` measures what really happened, and leaves nothing behind."""

import json
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from crl_publisher.bench import command
from crl_publisher.bench.register import make_register, open_register
from crl_publisher.bench.trial import trial
from pki_revocation import journal
from pki_revocation.errors import PkiError
from pki_revocation.register.issuers import issuer_named
from tests.crl_publisher.installations import PROGRAM

ENTRIES = 300


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A new installation."""
    directory = tmp_path / "register"
    subprocess.run([str(PROGRAM), "init", "--directory", str(directory)], check=True, capture_output=True)
    return directory


def test_figures_are_of_crls_that_were_published(tmp_path: Path) -> None:
    """Both CRLs are public in turn, the second with the revocations that came in between."""
    make_register(tmp_path / "a", ENTRIES)

    costs = trial(tmp_path / "a")

    public = (tmp_path / "a" / "published" / "crl" / "bench.crl").read_bytes()
    assert costs.entries == ENTRIES + 10 == len(x509.load_der_x509_crl(public))
    assert costs.size == len(public)
    assert all(cost.wall > 0 for cost in (costs.apply, costs.build, costs.first, costs.next))


def test_register_that_is_whole_is_taken_again(tmp_path: Path) -> None:
    """And one that was left half done, or is of another size, is made anew."""
    make_register(tmp_path / "a", ENTRIES)
    before = (tmp_path / "a" / "ca.pem").read_bytes()
    make_register(tmp_path / "a", ENTRIES)
    assert (tmp_path / "a" / "ca.pem").read_bytes() == before

    (tmp_path / "a" / "done").unlink()
    make_register(tmp_path / "a", 5)
    with open_register(tmp_path / "a") as database, database.read() as connection:
        issuer = issuer_named(connection, None)
        assert journal.read_head(connection, issuer.id).sequence == 5


@pytest.mark.long
def test_command_prints_json_and_leaves_the_installation_as_it_was(directory: Path) -> None:
    """The folder of the measurement is gone; neither database nor configuration was touched."""
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}

    line = [str(PROGRAM), "bench", "crl", "--entries", "200", "--json", "--directory", str(directory)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)

    found = json.loads(done.stdout)
    assert found["entries"] == 210
    assert found["machine"]["cores"] >= 1
    assert {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()} == before


def test_too_little_room_is_said_before_anything_is_written(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk would take the installation's own database with it."""
    monkeypatch.setattr(command, "_OCTETS_FOR_EACH", 1 << 60)

    with pytest.raises(PkiError, match="GiB are free"):
        command.bench.main(["--entries", "100", "--directory", str(directory)], standalone_mode=False)

    assert not list(directory.glob("bench-crl-*"))
