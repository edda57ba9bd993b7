"""The documentation is run: commands of docs/ca-operations.md, settings, links, and --help of every command."""

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pki_revocation.cli.doctor import CHECKS_GROUP
from pki_revocation.cli.help_pages import COMMANDS_GROUP
from pki_revocation.cli.program import program
from pki_revocation.cli.restoration import RESTORATIONS_GROUP
from pki_revocation.clock import SystemClock
from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from pki_revocation.encoding.possession.csr_proof import csr_proof
from pki_revocation.encoding.possession.jws_proof import jws_proof
from pki_revocation.register.issuers import add_issuer
from tests import settings_table
from tests.documented import blocks_of, run_blocks
from tests.pki import CertificateAuthority
from tests.served_api import served_api
from tests.subscribers import enrol

TOP = Path(__file__).parents[1]
PAGES = sorted([*TOP.glob("*.md"), *(TOP / "docs").glob("*.md")])


def test_desk_page_works_as_written(tmp_path: Path) -> None:
    """Every `sh` block of docs/subscriber-desk.md, in a folder with a subscriber's key: both proofs count."""
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    run_blocks((TOP / "docs/subscriber-desk.md").read_text(), tmp_path)

    url = "https://intrekken.example/api/v1/revocations/by-key"
    proven = jws_proof((tmp_path / "proof.json").read_bytes(), url, datetime.now(UTC))
    assert csr_proof((tmp_path / "proof.pem").read_bytes()).sha256 == proven.sha256


def test_operations_page_works_as_written(tmp_path: Path, authority: CertificateAuthority) -> None:
    """Every `sh` block of docs/ca-operations.md, in its order, in a folder with what the page asks for."""
    # The real time: the commands check what is valid by the machine's clock.
    now = datetime.now(UTC).replace(microsecond=0)
    (tmp_path / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "ca.key").write_bytes(authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    renewed = authority.certified(now, now + timedelta(days=3650))
    (tmp_path / "ca-renewed.pem").write_bytes(renewed.public_bytes(Encoding.PEM))
    root = CertificateAuthority("Root CA")
    (tmp_path / "root.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "root.key").write_bytes(root.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "root.key").chmod(0o600)
    (tmp_path / "issued").mkdir()
    for place in range(3):
        certificate = authority.issue(f"Zorg {place}", now)
        (tmp_path / "issued" / f"{place}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    said = run_blocks((TOP / "docs/ca-operations.md").read_text(), tmp_path)

    # One for each certificate, and the one that is made anew.
    assert len(list((tmp_path / "register/letters").glob("*.pdf"))) == 4
    assert "The audit chain is whole" in said
    # No service runs beside the examples.
    wrong = [line for line in said.splitlines() if line.startswith("WRONG")]
    assert [line for line in wrong if not line.startswith("WRONG  publisher: none runs")] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_api_page_works_as_written(
    tmp_path: Path, sqlite_database: Database, authority: CertificateAuthority, verifier: CodeVerifier
) -> None:
    """The `sh` blocks of docs/api.md against the application over HTTP, and then its program: a repeat by then."""
    clock = SystemClock()
    with sqlite_database.write() as connection:
        issuer = add_issuer(connection, name="issuing", certificate=authority.certificate, is_default=True, clock=clock)
    subscriber = enrol(sqlite_database, issuer, authority.issue("Zorg BV", clock.now()), clock, verifier)
    with served_api(sqlite_database, verifier, clock) as here:
        page = (TOP / "docs/api.md").read_text().replace("https://intrekken.register.example", here)
        page = page.replace("0450 5381 4071", subscriber.number).replace("0000-0000-0000-0000-0", subscriber.code)
        folder = tmp_path / "shell"
        folder.mkdir()
        said = run_blocks(page, folder)
        left = list(folder.iterdir())
        (folder / "request.json").write_text(json.dumps({"number": subscriber.number, "code": subscriber.code}))
        (program_text,) = blocks_of(page, "python")
        command = [sys.executable, "-c", program_text]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
        # It holds a code.
        (folder / "request.json").unlink()

    assert left == []
    assert '"repeated": false' in said
    assert '"settled": false' in said
    assert "urn:pki-revocation:problem:unfit-member" in said
    assert '"pointer": "#/reason"' in said
    assert (done.returncode, done.stderr) == (0, "")
    assert "it was already" in done.stdout
    assert "CRL full: not listed yet" in done.stdout


def test_settings_page_says_what_the_code_says() -> None:
    """`python -m tests.settings_table` writes it anew."""
    assert settings_table.shown(settings_table.PAGE.read_text()) == settings_table.render()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture is there."""
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_pages_name_exist(page: Path) -> None:
    """Whatever a page calls `pki-revocation …` is a command."""
    names = re.findall(r"pki-revocation ([a-z]+(?:-[a-z]+)*)\b", page.read_text())
    known = {point.name for point in entry_points(group=COMMANDS_GROUP)}

    assert set(names) <= known


def _commands(group: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(group, click.Group):
        return [path]
    context = click.Context(group)
    found = [path] if path else []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        found += _commands(command, (*path, name))
    return found


@pytest.mark.parametrize("path", _commands(program), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    """`--help` gives a sentence, and every option says what it is for."""
    runner = CliRunner()
    done = runner.invoke(program, [*path, "--help"])
    command: click.Command | None = program
    for name in path:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name)

    assert done.exit_code == 0
    assert command is not None
    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_every_registered_command_can_be_loaded() -> None:
    """No entry point leads nowhere."""
    for group in (
        COMMANDS_GROUP,
        CHECKS_GROUP,
        RESTORATIONS_GROUP,
        "pki_revocation.services",
        "pki_revocation.sections",
    ):
        for point in entry_points(group=group):
            assert point.load() is not None
