"""The program itself: what it says of its commands without importing them, and what it makes of errors."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from pki_revocation.cli.help_pages import page_path, stored_page
from tests import help_pages
from tests.integration.running_demo import environment, program

# What a page of help has no business with.
HEAVY = {"click", "sqlalchemy", "cryptography", "alembic", "flask", "keys", "crl_publisher", "ocsp_responder"}


def test_every_page_is_what_the_command_says() -> None:
    """`make help-pages` writes them; none is missing, wrong, or of a command that is gone.

    In a process of its own: click keeps a command's first help option for good, and a test that invoked the command
    without the program around it has left one without `-h`.
    """
    asking = (
        "import json; from tests.help_pages import pages; print(json.dumps({str(p): t for p, t in pages().items()}))"
    )
    said = subprocess.run(
        [sys.executable, "-c", asking], cwd=help_pages.ROOT, capture_output=True, text=True, check=True
    )
    wanted = {Path(path): page for path, page in json.loads(said.stdout).items()}

    assert help_pages.stored() == wanted.keys()
    assert {path.name: path.read_text("utf-8") for path in wanted} == {path.name: page for path, page in wanted.items()}


@pytest.mark.parametrize("words", [(), ("serve",), ("crl", "sign"), ("revoke",)], ids=" ".join)
def test_help_comes_from_the_page_and_loads_nothing(words: tuple[str, ...]) -> None:
    """The real program prints the page, in under 0.25 s of the processor, and imports no command."""
    said = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pki_revocation", *words, "--help"],
        capture_output=True, text=True, check=True, env=environment({"COLUMNS": "100"}),
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in said.stderr.splitlines()}
    path = page_path(words)

    assert path is not None
    assert said.stdout == path.read_text("utf-8")
    assert not {name.partition(".")[0] for name in imported} & (HEAVY - {"keys", "crl_publisher", "ocsp_responder"})
    assert not imported & {"keys.cli", "crl_publisher.cli.crl", "pki_revocation.cli.revocation"}


@pytest.mark.parametrize("output", ["| true", "| head -n 1 >/dev/null", ">&-"])
def test_help_that_nothing_reads_is_no_error(output: str) -> None:
    """A pipe that was closed, and no output at all: no traceback, and no complaint of the interpreter."""
    command = f"for each in 1 2 3; do {sys.executable} -m pki_revocation --help {output}; done"
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, env=environment())

    assert said.stderr == ""


def test_help_costs_little() -> None:
    """The slowest of three pages takes under 0.25 s of the processor; importing what it is about takes more."""
    costs = {words: min(_cpu_seconds(*words, "--help") for _ in range(3)) for words in ((), ("schedule",), ("keys",))}

    assert max(costs.values()) < 0.25, costs


@pytest.mark.parametrize(
    "arguments", [[], ["serve"], ["--help", "serve"], ["no-such-command", "--help"], ["serve/web", "-h"]]
)
def test_other_command_lines_have_no_page(arguments: list[str]) -> None:
    """Only what ends in -h or --help behind a command's name is answered from a file."""
    assert stored_page(arguments) is None


def test_narrow_terminal_gets_help_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages are 80 columns wide; where fewer are there, the command itself is asked."""
    monkeypatch.setenv("COLUMNS", "60")

    assert stored_page(["--help"]) is None
    said = program("serve", "--help").stdout
    assert "Run a service in the foreground" in said
    assert max(map(len, said.splitlines())) <= 60


def test_help_behind_an_argument_is_the_commands() -> None:
    """`revoke X --help` shows help, and revokes nothing."""
    assert program("revoke", "123456789012", "--help").stdout == program("revoke", "--help").stdout


def test_version() -> None:
    """What is installed says its version."""
    assert program("--version").stdout == "pki-revocation, version 0.2.0\n"


def test_database_refusal_is_one_sentence(tmp_path: Path) -> None:
    """An error that SQLAlchemy raises, and nothing maps below, has no traceback."""
    assert program("init", "--directory", tmp_path).returncode == 0
    (tmp_path / "revocation.db").write_bytes(b"no database" * 1000)
    said = program("status", "1", "--directory", tmp_path)

    assert said.returncode == 1
    assert "Traceback" not in said.stderr
    assert "database" in said.stderr


def _cpu_seconds(*arguments: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program(*arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_terminal_of_another_encoding_shows_names_escaped() -> None:
    """What it has no letters for is written as an escape; the other letters stay, and the command does not end."""
    code = (
        "import sys; sys.argv = ['pki-revocation', '--version']\n"
        "from pki_revocation.cli.start import main\n"
        "try: main()\n"
        "finally: print('Zorg \\u017d\\u00e9')"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env=environment({"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}),
    )

    assert said.stdout.decode("latin-1").splitlines()[-1] == "Zorg \\u017d\u00e9"
