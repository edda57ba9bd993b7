"""Refusals that are counted in memory and written down together: none is lost, and none costs a write of its own."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, select

from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import attempt_failures, attempt_minutes, audit
from pki_revocation.errors import StoreError
from pki_revocation.rate_limiting import denial_counter
from pki_revocation.rate_limiting.denial_counter import OTHERS, DenialCounter
from pki_revocation.rate_limiting.failure_store import FailureStore
from pki_revocation.rate_limiting.settings import LimitSettings
from tests.fakes import FakeClock

MINUTE = timedelta(minutes=1)
Write = Callable[[], AbstractContextManager[Connection]]


@pytest.fixture
def counter(sqlite_database: Database, clock: FakeClock) -> DenialCounter:
    """One process's."""
    store = FailureStore(database=sqlite_database, audit=AuditTrail(clock), limits=LimitSettings())
    return DenialCounter(database=sqlite_database, clock=clock, store=store)


@pytest.fixture
def breaths(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it pauses between transactions, which no test waits for."""
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


def refused(database: Database) -> dict[str, int]:
    """What is written down, by source."""
    with database.read() as connection:
        rows = connection.execute(select(attempt_minutes)).all()
    assert all(row.failed == 0 for row in rows)
    return {row.address: row.refused for row in rows}


def timers() -> list[threading.Timer]:
    """What is going to write."""
    return [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def break_writes(database: Database, monkeypatch: pytest.MonkeyPatch, *, after: int, first: Callable[[], None]) -> None:
    """Let so many transactions through; then the database does not answer, and *first* happens meanwhile."""
    write, begun = database.write, 0

    def broken() -> AbstractContextManager[Connection]:
        nonlocal begun
        begun += 1
        if begun <= after:
            return write()
        first()
        raise StoreError("The database does not answer.")

    monkeypatch.setattr(database, "write", broken)


def test_refusals_are_counted_by_source_and_minute(
    counter: DenialCounter, sqlite_database: Database, clock: FakeClock
) -> None:
    """Written down once, with the minute's beginning; the next ones add to them."""
    for _ in range(2):
        counter.count("a", clock.now())
        counter.count("b", clock.now())
        counter.count("a", clock.now())
        counter.flush()

    with sqlite_database.read() as connection:
        rows = connection.execute(select(attempt_minutes).order_by(attempt_minutes.c.address)).all()
    minute = clock.now().replace(second=0)
    assert [(row.address, row.minute, row.refused) for row in rows] == [("a", minute, 4), ("b", minute, 2)]


def test_more_than_200_sources_are_others(counter: DenialCounter, sqlite_database: Database, clock: FakeClock) -> None:
    """Those that are counted already keep their own count."""
    for place in range(203):
        counter.count(f"source {place}", clock.now())
    counter.count("source 0", clock.now())
    counter.flush()

    found = refused(sqlite_database)
    assert len(found) == 201
    assert (found["source 0"], found["source 199"], found["others"]) == (2, 1, 3)


def test_nothing_is_lost_while_the_database_does_not_answer(
    counter: DenialCounter,
    sqlite_database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is kept for the next time, with what came meanwhile; beyond the bound as others."""
    monkeypatch.setattr(denial_counter, "MOST_SOURCES", 3)
    for network in ("a", "a", "b", "c"):
        counter.count(network, clock.now())

    def meanwhile() -> None:
        for network in ("c", "x"):
            counter.count(network, clock.now())

    with monkeypatch.context() as broken:
        break_writes(sqlite_database, broken, after=0, first=meanwhile)
        counter.flush()
    assert refused(sqlite_database) == {}
    messages = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert messages == ["4 attempts that were turned away are not written down yet: The database does not answer."]

    counter.flush()
    # There was room for one source more beside the two that came meanwhile.
    assert refused(sqlite_database) == {"a": 2, "c": 2, "x": 1, OTHERS: 1}


def test_tidying_that_fails_is_done_later(
    counter: DenialCounter,
    sqlite_database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What was counted is written down, and counted once."""
    counter.count("a", clock.now())
    with monkeypatch.context() as broken:
        break_writes(sqlite_database, broken, after=1, first=lambda: None)
        counter.flush()
    counter.flush()

    assert refused(sqlite_database) == {"a": 1}
    messages = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert messages == ["counted attempts are audited later: The database does not answer."]


def test_old_failures_go_and_old_minutes_are_audited(
    counter: DenialCounter, sqlite_database: Database, clock: FakeClock, breaths: list[float]
) -> None:
    """All that is due, a transaction after the other, with a pause in which others write; what is not due stays."""
    now = clock.now()
    minute = now.replace(second=0)
    rows = [{"address": f"a{place}", "minute": minute - 2 * MINUTE, "failed": 1, "refused": 0} for place in range(60)]
    with sqlite_database.write() as connection:
        connection.execute(insert(attempt_minutes), [*rows, {**rows[0], "address": "b", "minute": minute - MINUTE}])
        connection.execute(insert(attempt_failures).values(subject=b"s", minute=now - timedelta(days=1), failed=1))

    counter.flush()

    with sqlite_database.read() as connection:
        assert connection.execute(select(attempt_failures)).all() == []
        assert [row.address for row in connection.execute(select(attempt_minutes))] == ["b"]
        assert len(connection.execute(select(audit.c.sequence)).all()) == 60
    assert breaths == [0.05] * 3


def test_without_anything_counted_only_tidying_writes(
    counter: DenialCounter, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, breaths: list[float]
) -> None:
    """A transaction to forget, and one that finds nothing to audit."""
    begun = []
    write = sqlite_database.write

    def noted() -> AbstractContextManager[Connection]:
        begun.append(True)
        return write()

    monkeypatch.setattr(sqlite_database, "write", noted)
    counter.flush()

    assert (len(begun), breaths) == (2, [])


@pytest.mark.parametrize("way", ["counted", "told"])
def test_it_is_written_a_second_later(way: str, counter: DenialCounter, clock: FakeClock) -> None:
    """By one thread for all that comes meanwhile, which holds up no process that ends; and then by another one."""
    for _ in range(2):
        for _ in range(3):
            if way == "counted":
                counter.count("a", clock.now())
            else:
                counter.schedule_flush()
        (timer,) = timers()
        assert (timer.interval, timer.daemon, timer.is_alive()) == (1.0, True, True)
        timer.cancel()
        timer.join(10)
        counter.flush()


def test_thread_writes_what_was_counted(
    counter: DenialCounter, sqlite_database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without being asked."""
    monkeypatch.setattr(denial_counter, "_PAUSE_SECONDS", 0.01)
    counter.count("a", clock.now())
    end = time.monotonic() + 10
    while not refused(sqlite_database) and time.monotonic() < end:
        threading.Event().wait(0.01)

    assert refused(sqlite_database) == {"a": 1}
