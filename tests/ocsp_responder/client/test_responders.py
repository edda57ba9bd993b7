"""Which responders are expected, and what `doctor` says of one that is lost."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.database.schema import audit
from pki_revocation.propagation.responders import LIVE_FOR, expect, expected

SECOND = timedelta(seconds=1)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An installation."""
    folder = tmp_path / "register"
    assert CliRunner().invoke(program, ["init", "--directory", str(folder)]).exit_code == 0
    return folder


def run(directory: Path, *arguments: str) -> Result:
    """Run the program's command in this process."""
    return CliRunner().invoke(program, [*arguments, "--directory", str(directory)])


def heard(directory: Path, name: str, ago: timedelta) -> None:
    """A responder reported some time ago."""
    with Installation.open(directory).database() as database, database.write() as connection:
        expect(connection, name, SystemClock().now() - ago)


def test_lost_responder_is_wrong_until_it_is_back_or_taken_out(directory: Path) -> None:
    """It is not forgotten by being away: what is gone for good is taken out by name, and that is audited."""
    heard(directory, "one:8462", timedelta())
    heard(directory, "two:8462", timedelta(days=3))
    said = run(directory, "doctor").output
    assert "WRONG  OCSP responder two:8462: nothing was heard of it since" in said
    assert "'pki-revocation ocsp responders --remove two:8462'" in said
    assert "OCSP responder one:8462" not in said

    listed = json.loads(run(directory, "ocsp", "responders", "--json").output)
    assert [(each["name"], each["lost"]) for each in listed] == [("one:8462", False), ("two:8462", True)]
    heard(directory, "two:8462", timedelta())
    assert "WRONG  OCSP responder" not in run(directory, "doctor").output

    heard(directory, "two:8462", LIVE_FOR + 60 * SECOND)
    done = run(directory, "ocsp", "responders", "--remove", "two:8462")
    assert (done.exit_code, "two:8462" in done.output) == (0, False)
    assert "WRONG  OCSP responder" not in run(directory, "doctor").output
    with Installation.open(directory).database() as database, database.read() as connection:
        assert connection.execute(select(audit.c.event)).scalars().all()[-1] == "responder.taken-out"


def test_unknown_one_is_one_sentence(directory: Path) -> None:
    """Naming where those that there are stand."""
    done = run(directory, "ocsp", "responders", "--remove", "three:8462")
    assert done.exit_code == 1
    assert "No responder 'three:8462' is expected" in done.output


def test_registration_is_kept_from_its_first_time_on(directory: Path) -> None:
    """The moment of the last report moves, the first one stays."""
    heard(directory, "one:8462", timedelta(hours=2))
    heard(directory, "one:8462", timedelta())
    with Installation.open(directory).database() as database, database.read() as connection:
        (found,) = expected(connection)
    assert found.reported_at - found.registered_at >= timedelta(hours=2) - SECOND
    assert not found.is_lost(found.reported_at + LIVE_FOR)
    assert found.is_lost(found.reported_at + LIVE_FOR + SECOND)
