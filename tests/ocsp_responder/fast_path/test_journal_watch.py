"""Keeping up with the journal, on SQLite and on PostgreSQL, and knowing when that is not known."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from cryptography import x509

from ocsp_responder.fast_path.journal_reader import CHANGES_READ
from ocsp_responder.fast_path.journal_watch import JournalWatch
from ocsp_responder.fast_path.postgresql_journal import JournalListener
from pki_revocation import journal
from pki_revocation.database.engine import Database
from pki_revocation.model import Channel, EntryKind, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationService
from tests.fakes import FakeClock
from tests.ocsp_responder import registers
from tests.ocsp_responder.fast_path.journals import IDENTITY_LOOKED_AT, Noted, back_up, reading, register_serials
from tests.pki import CertificateAuthority
from tests.waiting import wait_until

TOLERANCE = timedelta(seconds=60)


@pytest.fixture
def keeper() -> Noted:
    """Notes what it is told."""
    return Noted()


@pytest.fixture
def watch(database: Database, issuer: Issuer, clock: FakeClock, keeper: Noted) -> Iterator[JournalWatch]:
    """A watch that has looked: PostgreSQL's passes the order with the second look, when it knows whose."""
    watching = JournalWatch(reading(database, clock), clock, tolerance=TOLERANCE, caches=[keeper])
    watching.refresh()
    watching.refresh()
    yield watching
    watching.journal.close()


def test_first_look_knows_all(watch: JournalWatch, issuer: Issuer, keeper: Noted) -> None:
    """Nothing was kept before it, so nothing is dropped."""
    assert watch.is_current
    assert watch.applied == {issuer.id: 0}
    assert (keeper.dropped, keeper.cleared) == ([], 0)


def test_each_new_row_is_told(
    watch: JournalWatch, keeper: Noted, issuer: Issuer, certificate: x509.Certificate, service: RevocationService
) -> None:
    """A revocation, and the raise of its reason, each once."""
    registers.revoke(service, issuer, certificate.serial_number, RevocationReason.SUPERSEDED)
    watch.refresh()
    watch.refresh()
    assert keeper.dropped == [(issuer.id, (certificate.serial_number,))]
    assert watch.applied == {issuer.id: 1}

    registers.revoke(service, issuer, certificate.serial_number, RevocationReason.KEY_COMPROMISE)
    watch.refresh()
    assert keeper.dropped == [(issuer.id, (certificate.serial_number,))] * 2
    assert watch.applied == {issuer.id: 2}


def test_many_rows_clear_everything(
    watch: JournalWatch,
    keeper: Noted,
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
) -> None:
    """An import of revocations: not one by one."""
    known = register_serials(database, issuer, clock, CHANGES_READ + 1)
    with database.write() as connection:
        head = journal.lock_head(connection, issuer.id)
        new = [
            journal.NewEntry(
                kind=EntryKind.REVOCATION, serial=serial, reason=RevocationReason.UNSPECIFIED, channel=Channel.IMPORT
            )
            for serial in known
        ]
        journal.append(connection, head, new, clock.now())
    watch.refresh()

    assert (keeper.dropped, keeper.cleared) == ([], 1)
    assert watch.applied == {issuer.id: CHANGES_READ + 1}


def test_moment_waits_for_a_revocation_on_its_way(
    watch: JournalWatch, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """While a writer has dated a revocation and not committed it, no later moment is given out."""
    first = watch.moment()
    assert first == clock.now()
    with database.write() as connection:
        database.hold_commit_fence(connection, issuer.id, clock)
        clock.advance(timedelta(seconds=1))
        watch.refresh()
        assert watch.moment() == first
        clock.advance(timedelta(seconds=2))
        watch.refresh()
        assert watch.moment() is None
    watch.refresh()
    assert watch.moment() == clock.now()


def test_moment_follows_the_clock_back(watch: JournalWatch, clock: FakeClock) -> None:
    """A clock that was set back: nothing is dated into the future."""
    clock.advance(-timedelta(seconds=30))
    assert watch.moment() is None
    watch.refresh()
    assert watch.moment() == clock.now()


def test_clock_behind_the_journal_is_said_and_takes_nothing_down(
    watch: JournalWatch,
    issuer: Issuer,
    certificate: x509.Certificate,
    service: RevocationService,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Every row is read, whatever it is dated: answers go on; beyond the tolerance the log tells of the clock."""
    registers.revoke(service, issuer, certificate.serial_number)
    clock.advance(-TOLERANCE + timedelta(seconds=20))
    watch.refresh()
    assert watch.is_current
    assert "clock is wrong" not in caplog.text

    clock.advance(-timedelta(seconds=40))
    watch.refresh()
    assert watch.is_current
    assert watch.moment() == clock.now()
    assert watch.applied == {issuer.id: 1}
    assert "clock is wrong" in caplog.text

    clock.advance(timedelta(seconds=40))
    watch.refresh()
    assert watch.is_current
    assert "clock is right again" in caplog.text


def test_lost_database_is_not_knowing(
    watch: JournalWatch, database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    """Gone, and back."""
    if database.is_sqlite:
        file = Path(database.url.database or "")
        away = tmp_path / "away"
        away.mkdir()
        for each in file.parent.glob(f"{file.name}*"):
            each.rename(away / each.name)
    else:
        _allow(database, connections=False)
    clock.advance(timedelta(seconds=1))
    time.sleep(IDENTITY_LOOKED_AT)
    watch.refresh()
    assert not watch.is_current
    assert "does not answer" in str(watch.why)

    if database.is_sqlite:
        for each in away.iterdir():
            each.rename(file.parent / each.name)
    else:
        _allow(database, connections=True)
    watch.refresh()
    watch.refresh()
    assert watch.is_current


def test_older_backup_is_not_knowing(
    database: Database,
    watch: JournalWatch,
    keeper: Noted,
    issuer: Issuer,
    certificate: x509.Certificate,
    service: RevocationService,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    """A file that was replaced is noticed at once; one that would un-revoke is not believed."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL's files are not replaced under it")
    file = Path(database.url.database or "")
    with sqlite3.connect(file) as live, sqlite3.connect(tmp_path / "backup") as copy:
        live.backup(copy)
    registers.revoke(service, issuer, certificate.serial_number)
    watch.refresh()
    assert watch.applied == {issuer.id: 1}

    database.close()
    for beside in ("-wal", "-shm"):
        Path(f"{file}{beside}").unlink(missing_ok=True)
    shutil.move(tmp_path / "backup", file)
    time.sleep(IDENTITY_LOOKED_AT)
    watch.refresh()
    assert not watch.is_current
    assert "backup" in str(watch.why)
    assert keeper.cleared == 0, "what is known to be revoked stays so"


def test_what_cannot_be_applied_is_not_known(
    watch: JournalWatch,
    keeper: Noted,
    issuer: Issuer,
    certificate: x509.Certificate,
    service: RevocationService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A keeper that failed may still hold what it was to drop: nobody is good until it has dropped it."""

    def fails(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    registers.revoke(service, issuer, certificate.serial_number)
    with monkeypatch.context() as broken:
        broken.setattr(keeper, "drop", fails)
        watch.refresh()
        assert not watch.is_current
        assert watch.applied == {issuer.id: 0}
    watch.refresh()
    assert watch.is_current
    assert keeper.dropped == [(issuer.id, (certificate.serial_number,))]


def test_moved_file_is_missed_at_once_and_not_made_anew(
    watch: JournalWatch, database: Database, issuer: Issuer, service: RevocationService, clock: FakeClock
) -> None:
    """A file is moved by somebody who forgets its log: nobody knows, the log stays, and all is there later."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL's files are not moved under it")
    (serial,) = register_serials(database, issuer, clock, 1)
    registers.revoke(service, issuer, serial)
    file = Path(database.url.database or "")
    away, log = file.with_name("away"), Path(f"{file}-wal")
    written = log.stat().st_size
    file.rename(away)
    time.sleep(IDENTITY_LOOKED_AT)
    for _ in range(2):
        watch.refresh()
        assert not watch.is_current
        assert "is not there" in str(watch.why)
        assert not file.exists()

    away.rename(file)
    watch.refresh()
    assert watch.is_current
    assert watch.applied == {issuer.id: 1}
    assert log.stat().st_size == written > 0


def test_rewritten_journal_is_not_knowing(
    watch: JournalWatch,
    keeper: Noted,
    database: Database,
    issuer: Issuer,
    service: RevocationService,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    """A backup that is put back in place, and grows past what was applied before anybody looks, un-revokes as well.

    It is not believed however much it grows; the journal that was seen is, and what was kept meanwhile is dropped.
    """
    first, second, third = register_serials(database, issuer, clock, 3)
    republish = back_up(database, tmp_path / "old")
    registers.revoke(service, issuer, first)
    watch.refresh()
    put_right = back_up(database, tmp_path / "new")

    republish()
    for serial in (second, third):
        registers.revoke(service, issuer, serial)
        watch.refresh()
        assert not watch.is_current
        assert "backup" in str(watch.why)
        assert watch.applied == {issuer.id: 1}
    assert keeper.dropped == [(issuer.id, (first,))]

    put_right()
    watch.refresh()
    assert watch.is_current
    assert keeper.cleared == 1
    registers.revoke(service, issuer, third)
    watch.refresh()
    assert keeper.dropped == [(issuer.id, (each,)) for each in (first, third)]


def test_listener_is_woken_by_a_commit(
    postgresql_only: Database, issuer: Issuer, certificate: x509.Certificate, service: RevocationService
) -> None:
    """A responder that nobody asks hears of a revocation, and goes on listening after its connection broke."""
    with ThreadPoolExecutor(1) as pool:
        wakes: list[int] = []
        listener = JournalListener(postgresql_only, lambda: wakes.append(1))
        pool.submit(listener.run)
        wait_until(lambda: len(wakes) == 1)
        _end_others(postgresql_only)
        wait_until(lambda: len(wakes) == 2)
        registers.revoke(service, issuer, certificate.serial_number)
        wait_until(lambda: len(wakes) == 3)
        listener.stop()


def _maintenance(database: Database, statement: LiteralString, *values: object) -> None:
    address = database.url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement, values)


def _end_others(database: Database) -> None:
    statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    _maintenance(database, statement, database.url.database)


def _allow(database: Database, *, connections: bool) -> None:
    _maintenance(
        database,
        "UPDATE pg_database SET datallowconn = %s WHERE datname = %s",
        connections,
        database.url.database,
    )
    if not connections:
        _end_others(database)
