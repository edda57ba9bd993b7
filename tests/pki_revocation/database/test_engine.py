"""The transaction rule, the migrations, and the triggers that keep the journal append-only."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.database import revisions
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import APPEND_ONLY, audit, certificates, journal, metadata
from pki_revocation.errors import ConfigurationError, StoreError
from pki_revocation.model import Channel, Issuer
from pki_revocation.proof.stamps.answer import CheckedStamp
from pki_revocation.proof.stamps.store import add_stamp
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.certificates import certificate_with_serial
from pki_revocation.register.issuers import all_issuers
from pki_revocation.service import RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.subscribers import Subscriber, enrol


def test_migrations_make_what_the_schema_says(database: Database) -> None:
    """After all revisions, Alembic finds no difference between the tables and the metadata."""
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})

        assert compare_metadata(context, metadata) == []


def test_upgrade_twice_changes_nothing(database: Database, issuer: Issuer) -> None:
    """`init` on a database that is there keeps what is in it."""
    database.upgrade()
    database.check_revision()
    with database.read() as connection:
        assert all_issuers(connection) == (issuer,)


def test_empty_database_is_refused(tmp_path: Path) -> None:
    """A service that finds no tables says what to run."""
    with Database(f"sqlite:///{tmp_path}/new.db") as database, pytest.raises(StoreError, match="init"):
        database.check_revision()


def test_unknown_revision_is_refused(database: Database) -> None:
    """A database of a newer program is not worked on."""
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="9999"):
        database.check_revision()


@pytest.mark.parametrize("table", APPEND_ONLY, ids=lambda table: table.name)
def test_append_only_tables_refuse_changes(
    database: Database,
    service: RevocationService,
    subscriber: Subscriber,
    authority: CertificateAuthority,
    table: Table,
) -> None:
    """The database itself refuses UPDATE and DELETE of the journal, the audit trail and the time stamps."""
    revocation_request = RevocationRequest(reason=RevocationReason.UNSPECIFIED, channel=Channel.API)
    entry = service.revoke(service.authenticate(subscriber.number, subscriber.code), revocation_request).entry
    stamp = CheckedStamp(response=b"response", stamped_at=entry.recorded_at, anchor=authority.certificate)
    with database.write() as connection:
        add_stamp(connection, entry.reference, b"record", "http://tsa.example", stamp)
        add_stamp(connection, entry.reference, b"another", "http://tsa.example", stamp)
    first = table.columns[0]
    for change in (update(table).values({first: first}), delete(table)):
        with pytest.raises(DBAPIError, match="append-only"), database.write() as connection:
            connection.execute(change)
    with database.read() as connection:
        assert len(connection.execute(select(table)).all()) == 1


def test_truncate_is_refused_too(postgresql_url: str) -> None:
    """PostgreSQL's TRUNCATE fires no row trigger; a statement trigger refuses it. SQLite has none."""
    with (
        Database(postgresql_url) as database,
        pytest.raises(DBAPIError, match="append-only"),
        database.write() as connection,
    ):
        connection.exec_driver_sql("TRUNCATE journal CASCADE")


def test_error_rolls_everything_back(database: Database, clock: FakeClock) -> None:
    """Leaving a write by an error leaves nothing of it."""

    def write_and_fail() -> None:
        with database.write() as connection:
            AuditTrail(clock).record(connection, "test", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with database.read() as connection:
        assert connection.execute(select(audit)).all() == []


def test_second_revocation_of_a_serial_is_refused_by_the_database(
    database: Database, service: RevocationService, subscriber: Subscriber, issuer: Issuer, clock: FakeClock
) -> None:
    """Even code that forgets to look cannot revoke twice: the index is unique."""
    revocation_request = RevocationRequest(reason=RevocationReason.UNSPECIFIED, channel=Channel.API)
    service.revoke(service.authenticate(subscriber.number, subscriber.code), revocation_request)
    row = {
        "issuer_id": issuer.id,
        "sequence": 2,
        "kind": "revocation",
        "serial": subscriber.certificate.serial,
        "recorded_at": clock.now(),
        "revocation_date": clock.now(),
        "reason": 0,
        "channel": "api",
        "reference": "AAAA-BBBB-CCCC",
    }
    with pytest.raises(DBAPIError), database.write() as connection:
        connection.execute(insert(journal).values(row))


@pytest.mark.parametrize("octets", [1, 2, 8, 16, 19, 20])
def test_serials_of_every_length_come_back(
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    octets: int,
    request: pytest.FixtureRequest,
) -> None:
    """A serial of 1 to 20 octets, the largest of its length, is stored and found."""
    serial = (1 << (8 * octets - 1)) - 1
    certificate = authority.issue("Zorg BV", clock.now(), serial=serial)
    enrol(database, issuer, certificate, clock, request.getfixturevalue("verifier"))
    with database.read() as connection:
        found = certificate_with_serial(connection, issuer.id, serial)

    assert found is not None
    assert found.serial == serial


def test_times_are_whole_seconds_with_a_zone(database: Database, issuer: Issuer) -> None:
    """A naive moment or one with a fraction is refused rather than changed silently."""
    values = {"issuer_id": issuer.id, "serial": 5, "subject": "", "organisation": "", "imported_at": None}
    for moment in (datetime(2026, 1, 1), datetime(2026, 1, 1, microsecond=1, tzinfo=UTC)):  # noqa: DTZ001 - the case
        with pytest.raises(Exception, match="whole seconds"), database.write() as connection:
            connection.execute(insert(certificates).values(**values, not_after=moment))


def test_commits_are_durable(database: Database) -> None:
    """Whatever the server's default is: what was confirmed is on disk."""
    if not database.is_sqlite:
        with database.write() as connection:
            connection.exec_driver_sql(f'ALTER DATABASE "{database.url.database}" SET synchronous_commit = off')
        database.close()
    with database.write() as connection:
        asked = "PRAGMA synchronous" if database.is_sqlite else "SHOW synchronous_commit"
        durable = connection.exec_driver_sql(asked).scalar_one()

    assert durable == (2 if database.is_sqlite else "on")


def test_reader_sees_one_state(database: Database, clock: FakeClock) -> None:
    """What is written during a read transaction is not half seen by it."""
    trail = AuditTrail(clock)
    with database.write() as connection:
        trail.record(connection, "test", {})
    with database.read() as reading:
        assert len(reading.execute(select(audit)).all()) == 1
        with database.write() as connection:
            trail.record(connection, "test", {})
        assert verify_chain(reading) == 1


def test_new_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Database and journals: they hold addresses and verifiers."""
    with Database(f"sqlite:///{tmp_path}/revocation.db") as database:
        database.upgrade()
        with database.write() as connection:
            connection.exec_driver_sql("SELECT 1")
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}

    assert set(modes.values()) == {0o600}, modes


def test_missing_sqlite_file_is_not_made(tmp_path: Path) -> None:
    """Only `init` makes one: whoever else opens what was moved away gets a sentence, and leaves nothing behind."""
    with Database(f"sqlite:///{tmp_path}/revocation.db") as database:
        for attempt in (database.read, database.write):
            with pytest.raises(StoreError, match=r"revocation\.db is not there: put it back"), attempt():
                pass
    assert list(tmp_path.iterdir()) == []


def test_moved_sqlite_file_is_missed_and_found_again(tmp_path: Path, clock: FakeClock) -> None:
    """Under open connections: nothing is written to it, nothing takes its place, and its log stays whole."""
    file, log = tmp_path / "revocation.db", tmp_path / "revocation.db-wal"
    trail = AuditTrail(clock)
    with Database(f"sqlite:///{file}") as database:
        database.upgrade()
        with database.write() as connection:
            trail.record(connection, "test", {})
        written = log.stat().st_size
        assert written > 0

        file.rename(tmp_path / "away")
        for attempt in (database.read, database.write):
            with pytest.raises(StoreError, match="is not there"), attempt():
                pass
        assert not file.exists()
        assert log.stat().st_size == written

        (tmp_path / "away").rename(file)
        with database.read() as connection:
            assert verify_chain(connection) == 1


def test_replaced_sqlite_file_is_the_one_that_is_written(tmp_path: Path, clock: FakeClock) -> None:
    """A file that another one took the place of would take a revocation with it, confirmed and lost."""
    file = tmp_path / "revocation.db"
    with Database(f"sqlite:///{tmp_path}/new.db") as new:
        new.upgrade()
    with Database(f"sqlite:///{file}") as database:
        database.upgrade()
        database.check_revision()
        (tmp_path / "new.db").replace(file)
        with database.write() as connection:
            AuditTrail(clock).record(connection, "test", {})
    with Database(f"sqlite:///{file}") as again, again.read() as connection:
        assert verify_chain(connection) == 1


def test_empty_sqlite_file_is_refused_and_its_log_kept(tmp_path: Path) -> None:
    """SQLite would take the log of an empty file for left over, and throw it away; `init` refuses the pair as well."""
    file, log = tmp_path / "revocation.db", tmp_path / "revocation.db-wal"
    file.touch()
    log.write_bytes(b"the last revocations")
    with Database(f"sqlite:///{file}") as database:
        with pytest.raises(StoreError, match="is empty"):
            database.check_revision()
        for _ in range(2):
            with pytest.raises(StoreError, match="put that file back"):
                database.upgrade()
            file.unlink(missing_ok=True)
    assert log.read_bytes() == b"the last revocations"


def test_sqlite_readers_do_not_wait_for_writers(tmp_path: Path) -> None:
    """WAL, set once and for all when the file is made."""
    with Database(f"sqlite:///{tmp_path}/revocation.db") as database:
        database.upgrade()
        with database.write() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
            database.check_revision()


def test_errors_show_no_values(database: Database, clock: FakeClock) -> None:
    """A refused statement's parameters may be personal: they stay out of messages and logs."""
    with pytest.raises(DBAPIError) as refused, database.write() as connection:
        connection.execute(insert(audit).values(sequence=1, at=clock.now(), event="192.0.2.77", detail=None))
    assert "192.0.2.77" not in str(refused.value).partition("DETAIL")[0]


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    """The sentence says which addresses are possible."""
    with pytest.raises(ConfigurationError, match="database"):
        Database(url)


def test_password_is_not_shown() -> None:
    """What is printed of an address has no password in it."""
    assert "geheim" not in str(Database("postgresql://user:geheim@127.0.0.1/db"))


def test_unreachable_database_is_one_sentence() -> None:
    """A database that is away is a StoreError, which the edges answer with 503 or one sentence."""
    with Database("postgresql://user@127.0.0.1:1/db") as database, pytest.raises(StoreError, match="does not answer"):
        database.check_revision()


def test_wanted_revision_is_the_last_migration() -> None:
    """What a service asks for without Alembic is what Alembic would bring a database to."""
    config = Config()
    config.set_main_option("script_location", str(revisions.MIGRATIONS))
    config.set_main_option("path_separator", "os")

    assert revisions.wanted() == ScriptDirectory.from_config(config).get_current_head()
