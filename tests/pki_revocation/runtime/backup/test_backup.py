"""Backups while writers write, back again, and everything that is not a backup, on both databases.

The commands are driven, on registers with certificates, codes and revocations.
"""

import json
import os
import shutil
import sqlite3
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from pki_revocation import journal
from pki_revocation.audit import verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import load_pepper
from pki_revocation.database.engine import Database
from pki_revocation.host.folder_lock import FolderLock
from pki_revocation.register.issuers import add_issuer, all_issuers
from pki_revocation.runtime.backup import postgresql_tools
from pki_revocation.runtime.new_installation import config_with_database, set_up
from tests.pki import CertificateAuthority
from tests.pki_revocation.runtime.backup.registers import BOTH, Register, empty_place


@BOTH
def test_there_and_back(register: Register, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """What was made is put back: rows, journal, audit chain, codes; and what to do next is said."""
    file = tmp_path / "register.backup"
    done = register.run("backup", file, "--json")
    assert done.exit_code == 0, done.output
    manifest = json.loads(done.stdout)
    assert manifest["journals"] == {"issuing": 3}
    assert manifest["rows"]["journal"] == 3
    assert manifest["rows"]["revocation_codes"] == 10
    assert manifest["secrets"]["pepper"] == load_pepper(register.installation).id
    assert any(path.endswith("secrets/pepper") for path in manifest["elsewhere"])
    assert file.stat().st_mode & 0o77 == 0
    register.revoke(3)

    with empty_place(register, request) as again:
        back = again.run("restore", file, "--yes")
        assert back.exit_code == 0, back.output
        assert "up to sequence 3" in back.output
        assert "doctor --restore" in back.output
        assert again.sequence == 3
        with again.database.read() as connection:
            assert verify_chain(connection) == manifest["audit_sequence"] + 1
            assert verify_journal(connection) == 3
        again.database.check_revision()
        subscriber = again.service.authenticate if again.database.is_sqlite else None
        if subscriber is not None:
            subscriber(register.subscribers[5].number, register.subscribers[5].code)
    if register.database.is_sqlite:
        (aside,) = register.installation.directory.glob("revocation.db.before-*")
        with Database(f"sqlite:///{aside}") as old, old.read() as connection:
            assert journal.read_head(connection, register.issuer.id).sequence == 4


def test_backup_holds_no_secret(register: Register, tmp_path: Path) -> None:
    """A thief who has it has the codes' hashes and no pepper: neither that nor the session key is anywhere in it."""
    file = tmp_path / "register.backup"
    assert register.run("backup", file).exit_code == 0

    data = file.read_bytes()
    for secret in register.installation.path("secrets").iterdir():
        text = secret.read_text().strip()
        assert text.encode() not in data
        assert bytes.fromhex(text) not in data


@BOTH
def test_drill_leaves_everything_as_it_is_and_is_remembered(register: Register, tmp_path: Path) -> None:
    """It is tried beside the register, which goes on; `doctor` says when."""
    assert "none was tried yet" in register.run("doctor").output
    file = tmp_path / "register.backup"
    assert register.run("backup", file).exit_code == 0
    before = sorted(path.name for path in register.installation.directory.iterdir())
    databases = _databases(register)
    register.revoke(4)

    done = register.run("restore", file, "--drill")

    assert done.exit_code == 0, done.output
    assert "can be restored: issuing up to sequence 3" in done.output
    assert register.sequence == 4
    assert sorted(path.name for path in register.installation.directory.iterdir()) == before
    assert _databases(register) == databases
    told = next(line for line in register.run("doctor").output.splitlines() if "backups" in line)
    assert told.startswith("ok")
    assert "the last one was made at 2" in told
    assert "one was tried at 2" in told


def _databases(register: Register) -> set[str]:
    if register.database.is_sqlite:
        return set()
    with register.database.read() as connection:
        return set(connection.exec_driver_sql("SELECT datname FROM pg_database").scalars())


def test_backup_while_others_write(register: Register, tmp_path: Path) -> None:
    """It is of one moment, and nothing waits: the copy verifies, and the writer was never refused."""
    stop, failed = threading.Event(), list[BaseException]()

    def write() -> None:
        try:
            while not stop.is_set():
                for place in range(3, 10):
                    register.revoke(place)
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for place in range(3):
            done = register.run("backup", tmp_path / f"{place}.backup")
            assert done.exit_code == 0, done.output
    finally:
        stop.set()
        writer.join()
    assert not failed
    assert register.run("restore", tmp_path / "2.backup", "--drill").exit_code == 0


def test_copy_of_the_file_alone_would_have_lost_rows(register: Register, tmp_path: Path) -> None:
    """What stands in the log beside the file is in the backup."""
    if not register.database.is_sqlite:
        pytest.skip("there is no file")
    assert (register.installation.directory / "revocation.db-wal").stat().st_size
    file = tmp_path / "register.backup"
    assert register.run("backup", file).exit_code == 0
    with tarfile.open(file) as tar:
        member = tar.extractfile("database.sqlite")
        assert member is not None
        (tmp_path / "copy.db").write_bytes(member.read())
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        assert connection.execute("SELECT count(*) FROM journal").fetchone() == (3,)


def test_database_in_use_is_not_replaced(register: Register, tmp_path: Path) -> None:
    """A process that has the file open would write into the one that was put aside; a used database is not filled."""
    file = tmp_path / "register.backup"
    assert register.run("backup", file).exit_code == 0
    register.revoke(3)
    with register.database.read():
        done = register.run("restore", file, "--yes")

    assert done.exit_code == 1
    assert ("open" if register.database.is_sqlite else "not empty") in done.output
    assert register.sequence == 4


def test_folder_without_configuration_gets_the_backups(
    register: Register, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A new machine has neither; what is missing yet is said: the secrets."""
    file = tmp_path / "register.backup"
    assert register.run("backup", file).exit_code == 0
    with empty_place(register, request) as again:
        new = tmp_path / "new"
        if not again.database.is_sqlite:
            new.mkdir()
            (new / "config.toml").write_bytes(again.installation.config.read_bytes())
        else:
            again.database.close()
            Path(str(again.database.url.database)).rename(tmp_path / "away.db")
        done = CliRunner().invoke(program, ["restore", str(file), "--yes", "--directory", str(new)])

        assert done.exit_code == 0, done.output
        assert "secrets/pepper is missing" in done.output
        with Installation.open(new).database() as database, database.read() as connection:
            assert journal.read_head(connection, register.issuer.id).sequence == 3


def test_backup_of_another_installation_wants_a_word(
    register: Register, tmp_path: Path, authority: CertificateAuthority
) -> None:
    """With the secrets that are here no code of its letters would open anything: nothing is touched without a flag."""
    if not register.database.is_sqlite:
        pytest.skip("asked once")
    file = tmp_path / "register.backup"
    assert register.run("backup", file).exit_code == 0
    other = tmp_path / "other"
    installation = set_up(other, config_with_database(f"sqlite:///{other}/revocation.db"))
    with installation.database() as database, database.write() as connection:
        add_issuer(connection, name="own", certificate=authority.certificate, is_default=True, clock=SystemClock())
    restore = ["restore", str(file), "--yes", "--directory", str(other)]

    refused = CliRunner().invoke(program, restore)

    assert refused.exit_code == 1
    assert load_pepper(register.installation).id in refused.output
    assert load_pepper(installation).id in refused.output
    assert "--other-installation" in refused.output
    assert not list(other.glob("*.before-*"))
    with installation.database() as database, database.read() as connection:
        assert [each.name for each in all_issuers(connection)] == ["own"]
    done = CliRunner().invoke(program, [*restore, "--other-installation"])
    assert (done.exit_code, len(list(other.glob("*.before-*")))) == (0, 1), done.output
    # The session key alone tells as well.
    shutil.copy(register.installation.path("secrets/pepper"), other / "secrets" / "pepper")
    assert "session-key" in CliRunner().invoke(program, restore).output


def test_other_kind_of_database_is_refused(register: Register, tmp_path: Path, sqlite_database: Database) -> None:
    """A dump is no file, and a file no dump."""
    file = tmp_path / "register.backup"
    assert register.run("backup", file).exit_code == 0
    if register.database.is_sqlite:
        pytest.skip("asked once")
    other = tmp_path / "other"
    set_up(other, config_with_database(f"sqlite:///{tmp_path}/other/revocation.db"))

    done = CliRunner().invoke(program, ["restore", str(file), "--drill", "--directory", str(other)])

    assert done.exit_code == 1
    assert "kind postgresql" in done.output


def test_programs_of_an_older_postgresql_do_not_do(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pg_dump refuses a newer server: which package to install is said."""
    if register.database.is_sqlite:
        pytest.skip("it takes no programs")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(postgresql_tools, "_PLACES", ())

    done = register.run("backup", tmp_path / "register.backup")

    assert done.exit_code == 1
    assert "postgresql-client-" in done.output


@pytest.mark.parametrize(
    "place", ["anna:geheim@db.example:5433/register?", "anna@db.example:5433/register?password=geheim&"]
)
def test_password_stands_on_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Where other accounts would read it: it is handed over in the environment, wherever the address has it."""
    program_file = tmp_path / "pg_dump"
    program_file.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 18.4" && exit\n'
        f'echo "$@" > {tmp_path}/words\necho "$PGPASSWORD" > {tmp_path}/password\n'
    )
    program_file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    postgresql_tools.run("pg_dump", make_url(f"postgresql+psycopg://{place}sslmode=require"), 18, "--format=custom")

    words = (tmp_path / "words").read_text().split()
    assert words == [
        "--dbname=postgresql://anna@db.example:5433/register?sslmode=require",
        "--no-password",
        "--format=custom",
    ]
    assert (tmp_path / "password").read_text() == "geheim\n"


def test_full_disk_leaves_the_backup_of_before(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The draft is gone, and the sentence says what was not possible."""
    file = tmp_path / "register.backup"
    assert register.run("backup", file).exit_code == 0
    before = file.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarInfo, "tobuf", full)
    done = register.run("backup", file)

    assert done.exit_code == 1
    assert "No space left on device" in done.output
    assert file.read_bytes() == before
    assert list(tmp_path.glob("pki-revocation-*")) == []


def test_what_a_kill_left_is_removed_by_the_next_one(register: Register, tmp_path: Path) -> None:
    """A folder with a copy of the database, which nothing else would ever remove; one that is in use stays."""
    file = tmp_path / "register.backup"
    left, used = (tmp_path / f"pki-revocation-backup-{name}" for name in ("left", "used"))
    for folder in (left, used):
        folder.mkdir(mode=0o700)
        (folder / "database.sqlite").write_bytes(b"-")
        os.utime(folder, (0, 0))

    with FolderLock(used):
        assert register.run("backup", file).exit_code == 0

    assert not left.exists()
    assert used.exists()
