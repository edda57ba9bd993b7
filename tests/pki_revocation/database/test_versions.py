"""Databases that are too old, and those of a newer program, are told in one sentence wherever one is opened."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from pki_revocation.cli.program import program
from pki_revocation.config.installation import Installation
from pki_revocation.database import versions
from pki_revocation.database.engine import Database
from pki_revocation.database.postgresql_connection import PostgresqlConnection
from pki_revocation.errors import PkiError, StoreError
from pki_revocation.runtime.new_installation import FIRST_CONFIG, set_up
from pki_revocation.runtime.services import ALL, run_service
from tests.integration.running_demo import environment
from tests.program_server import Run

# Each command that opens the database and needs nothing else, with whatever it must be given.
COMMANDS = (
    ("init",),
    ("issuer", "list"),
    ("certificate", "list"),
    ("certificate", "import", "FILE"),
    ("letter", "--all", "--letters", "letters"),
    ("recipient", "show", "--number", "000000000000"),
    ("recipient", "set", "--number", "000000000000", "--by", "anna"),
    ("recipient", "erase", "--number", "000000000000", "--by", "anna"),
    ("contact", "show", "--number", "000000000000"),
    ("contact", "set", "--number", "000000000000"),
    ("contact", "erase", "--number", "000000000000"),
    ("revoke", "01"),
    ("status", "01"),
    ("receipt", "01"),
    ("doctor",),
    ("doctor", "--restore"),
    ("audit", "verify"),
    ("backup", "FILE"),
    ("restore", "FILE", "--drill"),
    ("token", "list"),
    ("maintenance", "show"),
    ("crl", "list"),
    ("crl", "publish"),
    ("crl", "rebuild"),
    ("crl", "probe"),
    ("schedule", "show"),
    ("keys", "delegate", "list"),
    ("serve", "all"),
)


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    """A new installation on SQLite."""
    return set_up(tmp_path / "register", FIRST_CONFIG)


def make_newer(installation: Installation) -> None:
    """As a newer program leaves the tables."""
    with installation.database() as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """One that every command refuses, so that none changes it for the next."""
    made = set_up(tmp_path_factory.mktemp("newer") / "register", FIRST_CONFIG)
    make_newer(made)
    return made


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_commands_tell_of_a_newer_database(newer: Installation, tmp_path: Path, words: tuple[str, ...]) -> None:
    """One sentence with both revisions, whatever the command."""
    (tmp_path / "FILE").write_bytes(b"")

    given = [str(tmp_path / word) if word in {"FILE", "letters"} else word for word in words]
    given += ["--directory", str(newer.directory)]
    if words == ("serve", "all"):
        # It forks, and would be refused for the threads that other tests have left in this process.
        ran = Run(given, environment=environment()).end(60)
        code, said = ran.returncode, ran.stdout + ran.stderr
    else:
        done = CliRunner().invoke(program, given, input="beheer@zorg.example")
        code, said = done.exit_code, done.output

    assert code == 1, said
    assert "newer than this program" in said
    assert "9999" in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == (1 if words != ("doctor",) else said.count("\n"))


@pytest.mark.parametrize("name", [name for name in ALL if name != "distribution"])
def test_services_tell_of_a_newer_database(newer: Installation, name: str) -> None:
    """None of them starts; the distribution, which serves files whatever the database says, is the exception."""
    with pytest.raises(PkiError, match="newer than this program"):
        run_service(name, newer)


def test_older_database_is_brought_up_by_init(installed: Installation) -> None:
    """Another revision that this program knows is an older one, and the sentence says what to run."""
    with installed.database() as database:
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
        with pytest.raises(StoreError, match=r"at revision 0001.*run 'pki-revocation init'"):
            database.check_revision()


@pytest.mark.parametrize(("version", "told"), [(149_999, "14.9999"), (140_005, "14.5"), (90_624, "9.624")])
def test_old_postgresql_is_refused(version: int, told: str) -> None:
    """With the version that it is, and the least."""
    with pytest.raises(StoreError, match=rf"PostgreSQL {told}, .* 15 or newer"):
        versions.refuse_old_postgresql(version)


@pytest.mark.parametrize("version", [150_000, 150_018, 160_014, 180_004, 190_000])
def test_postgresql_from_15_on_is_taken(version: int) -> None:
    """Each that is promised, and those to come."""
    versions.refuse_old_postgresql(version)


def test_every_connection_to_an_old_postgresql_is_refused(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So no process works on one, whatever it does first; the refused connection is closed."""
    monkeypatch.setattr(versions, "LEAST_POSTGRESQL", 99)
    opened: list[psycopg.Connection[object]] = []
    connect = PostgresqlConnection.opened

    def remembered(*arguments: object, **named: object) -> object:
        opened.append(connect(*arguments, **named))  # type: ignore[arg-type] # passed on as they came
        return opened[-1]

    monkeypatch.setattr(PostgresqlConnection, "opened", remembered)
    with Database(postgresql_url) as database:
        for act in (database.check_revision, database.upgrade):
            with pytest.raises(StoreError, match="99 or newer"):
                act()
    assert opened
    assert all(each.closed for each in opened)


@pytest.mark.parametrize("act", [Database.check_revision, Database.upgrade], ids=lambda act: act.__name__)
def test_old_sqlite_is_refused(installed: Installation, monkeypatch: pytest.MonkeyPatch, act: object) -> None:
    """3.34 has no RETURNING: said before anything is read, by services and by `init` alike."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with installed.database() as database, pytest.raises(StoreError, match=r"3\.34\.1, .* 3\.35\.0 or newer"):
        act(database)  # type: ignore[operator] # a method of Database


def test_this_sqlite_is_taken() -> None:
    """And whatever is newer than the least one."""
    for version in (sqlite3.sqlite_version_info, versions.LEAST_SQLITE, (3, 53, 0)):
        versions.refuse_old_sqlite(version)


@pytest.mark.long
def test_program_ends_with_one_sentence(installed: Installation) -> None:
    """The real program, on a database of a newer one: status 1, and no traceback."""
    make_newer(installed)
    done = subprocess.run(
        [sys.executable, "-m", "pki_revocation", "init", "--directory", installed.directory],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The database ")
    assert done.stderr.count("\n") == 1
