"""`clock` and its lines in `doctor`: a journal that an older program's wrong clock left two hours ahead."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from pki_revocation import journal
from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock, iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.schema import audit
from pki_revocation.register.issuers import add_issuer
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

HOUR = timedelta(hours=1)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An installation."""
    folder = tmp_path / "register"
    assert run("init", "--directory", str(folder)).exit_code == 0
    return folder


def run(*arguments: str) -> Result:
    """Run the program's command in this process."""
    return CliRunner().invoke(program, arguments)


def leave_ahead(directory: Path, authority: CertificateAuthority, by: timedelta) -> None:
    """As a clock that was ahead left the journal."""
    with Installation.open(directory).database() as database, database.write() as connection:
        now = SystemClock().now()
        made = add_issuer(
            connection, name="issuing", certificate=authority.certificate, is_default=True, clock=FakeClock(now)
        )
        journal.move_head(connection, made.id, 0, now + by)


def test_operator_accepts_the_clock_and_the_journal_is_right(directory: Path, authority: CertificateAuthority) -> None:
    """Named with the way out, mended on the operator's word, audited; nothing is left to be said."""
    leave_ahead(directory, authority, 2 * HOUR)
    wrong = run("doctor", "--directory", str(directory)).output
    assert "WRONG  clock of issuing: its journal has reached" in wrong
    assert "'pki-revocation clock accept'" in wrong

    refused = CliRunner().invoke(program, ["clock", "accept", "--directory", str(directory)], input="n\n")
    assert refused.exit_code == 1
    done = run("clock", "accept", "--yes", "--directory", str(directory))
    assert done.exit_code == 0, done.output
    assert "is taken back to the present" in done.output
    assert "crl publish --issuer 'issuing'" in done.output

    right = run("doctor", "--directory", str(directory)).output
    assert "WRONG  clock" not in right
    assert "ok     clock of" in right
    with Installation.open(directory).database() as database, database.read() as connection:
        events = list(connection.execute(select(audit.c.event).order_by(audit.c.sequence)).scalars())
    assert events[-2:] == ["journal.head-taken-back", "clock.mark-accepted"]


def test_show_says_what_is_dated_and_each_machines_clock(directory: Path, authority: CertificateAuthority) -> None:
    """As JSON and as text; a clock that nothing contradicts is no trouble."""
    leave_ahead(directory, authority, timedelta())
    said = json.loads(run("clock", "show", "--json", "--directory", str(directory)).output)
    assert (said["agreed"], said["trouble"]) == (True, None)
    (machine,) = said["machines"]
    assert (machine["proven"], machine["made_by"], machine["trouble"]) == (True, "first", None)
    assert abs(machine["offset_seconds"]) <= 1
    text = run("clock", "show", "--directory", str(directory)).output
    assert f"What is dated now gets {iso(SystemClock().now())[:13]}" in text
    assert "two clocks agree" in text
