"""Failures in the database: what is counted, alarmed about, audited and forgotten, to the minute and to the row."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select

from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import (
    attempt_episodes,
    attempt_failures,
    attempt_minutes,
    audit,
    mail_outbox,
    personal_details,
)
from pki_revocation.numbers import number_at
from pki_revocation.rate_limiting.client_address import LOCAL, ClientAddress
from pki_revocation.rate_limiting.failure_store import FailureStore
from pki_revocation.rate_limiting.settings import LimitSettings
from tests.fakes import FakeClock
from tests.pki_revocation.rate_limiting.guarding import HERE, THERE, crowd, fail, guarded
from tests.postgresql_waits import wait_until_somebody_waits

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LIMITS = LimitSettings(per_number=50, per_source=500, alarm_after=4)
FIRST, SECOND = number_at(11), number_at(12)


@pytest.fixture
def ledger(sqlite_database: Database, clock: FakeClock) -> FailureStore:
    """On SQLite: what is asked here lies above the store, but for what takes `database` itself."""
    return FailureStore(database=sqlite_database, audit=AuditTrail(clock), limits=LIMITS)


def start_of_minute(clock: FakeClock) -> datetime:
    """Set the clock to the next full minute, and give it."""
    clock.advance(timedelta(seconds=60 - clock.now().second))
    return clock.now()


def counted(database: Database) -> list[tuple[str, datetime, int, int]]:
    """What waits to be audited."""
    table = attempt_minutes.c
    with database.read() as connection:
        query = select(table.address, table.minute, table.failed, table.refused).order_by(table.address, table.minute)
        return [(row.address, row.minute, row.failed, row.refused) for row in connection.execute(query)]


def trail(database: Database, event: str) -> list[tuple[dict[str, object], dict[str, str] | None]]:
    """The records of an event in order, each with its personal part."""
    query = (
        select(audit.c.detail, personal_details.c.detail.label("personal"))
        .outerjoin(personal_details, personal_details.c.audit_sequence == audit.c.sequence)
        .where(audit.c.event == event)
        .order_by(audit.c.sequence)
    )
    with database.read() as connection:
        rows = connection.execute(query).all()
    return [(json.loads(row.detail), json.loads(row.personal) if row.personal else None) for row in rows]


def mails(database: Database) -> list[tuple[str, datetime]]:
    """Whose contacts are told, and since when."""
    with database.read() as connection:
        rows = connection.execute(select(mail_outbox.c.number, mail_outbox.c.told_at).order_by(mail_outbox.c.id))
        return [(row.number, row.told_at) for row in rows]


def test_failures_are_counted_by_their_minute(sqlite_database: Database, clock: FakeClock) -> None:
    """Four counters for an attempt, each with the minute's beginning; a further attempt adds to them."""
    service, _ = guarded(sqlite_database, clock, LIMITS)
    fail(service, FIRST, HERE, 3)

    with sqlite_database.read() as connection:
        rows = connection.execute(select(attempt_failures)).all()
    assert len({row.subject for row in rows}) == len(rows) == 4
    assert {(row.minute, row.failed) for row in rows} == {(clock.now().replace(second=0), 3)}


def test_first_five_of_a_minute_are_audited_one_by_one(sqlite_database: Database, clock: FakeClock) -> None:
    """What follows is one count, of failures and not of refusals."""
    service, _ = guarded(sqlite_database, clock, LIMITS)
    fail(service, FIRST, HERE, 7)

    assert (
        trail(sqlite_database, "attempt.failed")
        == [({"channel": "api"}, {"address": "192.0.2.7", "number": FIRST})] * 5
    )
    assert counted(sqlite_database) == [(HERE.network, clock.now().replace(second=0), 2, 0)]


def test_address_is_named_as_far_as_there_is_one(sqlite_database: Database, clock: FakeClock) -> None:
    """The address itself, not its /64; an operator's own command is `local`."""
    service, _ = guarded(sqlite_database, clock, LIMITS)
    fail(service, FIRST, [ClientAddress.of("2001:db8::7"), LOCAL])

    addresses = [personal["address"] for _, personal in trail(sqlite_database, "attempt.failed") if personal]
    assert addresses == ["2001:db8::7", "local"]


def test_alarm_is_about_one_number_within_the_window(sqlite_database: Database, clock: FakeClock) -> None:
    """Not about what was tried at others, nor about what is as old as the window."""
    service, _ = guarded(sqlite_database, clock, LIMITS)
    start_of_minute(clock)
    fail(service, FIRST, crowd(3))
    fail(service, SECOND, crowd(3))
    clock.advance(LIMITS.window)
    fail(service, FIRST)
    assert mails(sqlite_database) == []

    fail(service, FIRST, THERE, 3)
    assert mails(sqlite_database) == [(FIRST, clock.now())]


def test_episode_ends_after_a_quiet_day(sqlite_database: Database, clock: FakeClock) -> None:
    """Counted from its last failure, and to the second."""
    service, _ = guarded(sqlite_database, clock, LIMITS)
    fail(service, FIRST, crowd(4))
    for pause in (20 * HOUR, 20 * HOUR, 24 * HOUR):
        clock.advance(pause)
        fail(service, FIRST, crowd(4))
        assert len(mails(sqlite_database)) == 1

    clock.advance(24 * HOUR + timedelta(seconds=1))
    fail(service, FIRST, crowd(4))
    assert len(mails(sqlite_database)) == 2


def test_episodes_of_two_numbers_are_two(sqlite_database: Database, clock: FakeClock) -> None:
    """What goes on at the one neither prolongs nor ends what is over at the other."""
    service, _ = guarded(sqlite_database, clock, LIMITS)
    fail(service, FIRST, crowd(4))
    clock.advance(HOUR)
    fail(service, SECOND, crowd(4))
    clock.advance(19 * HOUR)
    fail(service, SECOND, crowd(4))
    at_second = clock.now()
    clock.advance(5 * HOUR)
    fail(service, FIRST, crowd(4))

    assert [number for number, _ in mails(sqlite_database)] == [FIRST, SECOND, FIRST]
    with sqlite_database.read() as connection:
        rows = connection.execute(select(attempt_episodes).order_by(attempt_episodes.c.last_at)).all()
    assert [row.last_at for row in rows] == [at_second, clock.now()]
    assert rows[0].begun_at == at_second - 19 * HOUR
    assert rows[1].begun_at == clock.now()


def test_minutes_add_up(sqlite_database: Database, ledger: FailureStore, clock: FakeClock) -> None:
    """For each source and minute, failures and refusals apart."""
    minute = start_of_minute(clock)
    with sqlite_database.write() as connection:
        for failed, refused in ((1, 0), (2, 5), (0, 3)):
            ledger.count_minute(connection, "a", minute, failed=failed, refused=refused)
        ledger.count_minute(connection, "a", minute + MINUTE, failed=1, refused=1)
        ledger.count_minute(connection, "b", minute, failed=4, refused=0)

    assert counted(sqlite_database) == [("a", minute, 3, 8), ("a", minute + MINUTE, 1, 1), ("b", minute, 4, 0)]


def test_minutes_that_are_over_are_audited_and_gone(
    sqlite_database: Database, ledger: FailureStore, clock: FakeClock
) -> None:
    """A whole minute later, those that did most first, as many at once as the caller says."""
    minute = start_of_minute(clock)
    with sqlite_database.write() as connection:
        for address, failed, refused in (("a", 5, 0), ("b", 0, 9), ("c", 3, 3)):
            ledger.count_minute(connection, address, minute, failed=failed, refused=refused)
        ledger.count_minute(connection, "b", minute + MINUTE, failed=1, refused=0)
        assert ledger.audit_minutes(connection, minute + MINUTE) == 0
        assert ledger.audit_minutes(connection, minute + 2 * MINUTE, most=2) == 2
    assert counted(sqlite_database) == [("a", minute, 5, 0), ("b", minute + MINUTE, 1, 0)]
    with sqlite_database.write() as connection:
        assert [ledger.audit_minutes(connection, minute + 2 * MINUTE, most=2) for _ in range(2)] == [1, 0]

    text = minute.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert trail(sqlite_database, "attempts.counted") == [
        ({"minute": text, "failed": 0, "refused": 9}, {"network": "b"}),
        ({"minute": text, "failed": 3, "refused": 3}, {"network": "c"}),
        ({"minute": text, "failed": 5, "refused": 0}, {"network": "a"}),
    ]
    assert counted(sqlite_database) == [("b", minute + MINUTE, 1, 0)]


def test_one_transaction_audits_25_sources(sqlite_database: Database, ledger: FailureStore, clock: FakeClock) -> None:
    """So that who revokes meanwhile waits for no more."""
    minute = start_of_minute(clock)
    with sqlite_database.write() as connection:
        for place in range(30):
            ledger.count_minute(connection, f"source {place}", minute, failed=1, refused=0)
        assert [ledger.audit_minutes(connection, minute + HOUR) for _ in range(3)] == [25, 5, 0]


def test_crowd_beyond_a_thousand_sources_is_one_record(
    sqlite_database: Database, ledger: FailureStore, clock: FakeClock
) -> None:
    """Of those that did least, with how many they are and what they did together; the others follow one by one."""
    minute = start_of_minute(clock)
    rows = [{"address": f"source {place}", "minute": minute, "failed": 5, "refused": 7} for place in range(1000)]
    least = [
        {"address": "x", "minute": minute - MINUTE, "failed": 1, "refused": 0},
        {"address": "x", "minute": minute, "failed": 2, "refused": 1},
        {"address": "y", "minute": minute, "failed": 0, "refused": 3},
    ]
    with sqlite_database.write() as connection:
        connection.execute(insert(attempt_minutes), [*least, *rows])
        assert ledger.audit_minutes(connection, minute + HOUR) == 3
        assert ledger.audit_minutes(connection, minute + HOUR, most=1) == 1

    records = trail(sqlite_database, "attempts.counted")
    assert records[0] == ({"sources": 2, "failed": 3, "refused": 4}, None)
    assert records[1][0]["refused"] == 7
    assert len(counted(sqlite_database)) == 999


def test_two_processes_never_audit_the_same_counts(postgresql_url: str, clock: FakeClock) -> None:
    """The second waits before it looks, and finds nothing left; on SQLite there is one writer at a time."""
    minute = start_of_minute(clock)
    with Database(postgresql_url) as database, ThreadPoolExecutor(1) as pool:
        ledger = FailureStore(database=database, audit=AuditTrail(clock), limits=LIMITS)
        with database.write() as connection:
            ledger.count_minute(connection, "a", minute, failed=1, refused=0)

        def again() -> int:
            with database.write() as connection:
                return ledger.audit_minutes(connection, minute + HOUR)

        with database.write() as connection:
            assert ledger.audit_minutes(connection, minute + HOUR) == 1
            second = pool.submit(again)
            wait_until_somebody_waits(database)
        assert second.result(10) == 0
        assert len(trail(database, "attempts.counted")) == 1


def test_what_counts_no_more_is_forgotten(sqlite_database: Database, ledger: FailureStore, clock: FakeClock) -> None:
    """A minute after it left the window, and an episode when a new one would begin."""
    now = start_of_minute(clock)
    edge = now - LIMITS.window - MINUTE
    kept = [edge, now - LIMITS.window, now]
    with sqlite_database.write() as connection:
        for place, minute in enumerate([edge - MINUTE, *kept]):
            connection.execute(insert(attempt_failures).values(subject=bytes([place]), minute=minute, failed=1))
        last = [now - LIMITS.episode - timedelta(seconds=1), now - LIMITS.episode, now]
        for place, at in enumerate(last):
            connection.execute(insert(attempt_episodes).values(subject=bytes([place]), begun_at=at, last_at=at))
        ledger.forget(connection, now)
        minutes = connection.execute(select(attempt_failures.c.minute).order_by(attempt_failures.c.minute)).scalars()
        episodes = connection.execute(select(attempt_episodes.c.last_at).order_by(attempt_episodes.c.last_at)).scalars()

        assert list(minutes) == kept
        assert list(episodes) == last[1:]


@pytest.mark.parametrize(("rows", "left"), [(19, 19), (20, 20), (21, 20), (22, 20)])
def test_oldest_rows_go_beyond_the_bound(rows: int, left: int, sqlite_database: Database, clock: FakeClock) -> None:
    """As many as are too many, in whatever order they came."""
    few = LimitSettings()
    object.__setattr__(few, "most_rows", 20)  # far below what the configuration allows
    ledger = FailureStore(database=sqlite_database, audit=AuditTrail(clock), limits=few)
    now = start_of_minute(clock)
    with sqlite_database.write() as connection:
        for place in range(rows):
            # Two in each minute among the newest, so that the edge is the last row that goes.
            minute = now - timedelta(minutes=0 if place < 16 else place - 15)
            connection.execute(insert(attempt_failures).values(subject=bytes([place]), minute=minute, failed=1))
        ledger.forget(connection, now)
        keys = connection.execute(select(attempt_failures.c.subject)).scalars()
        assert sorted(subject[0] for subject in keys) == list(range(left))


def test_counts_of_one_attempt_have_the_window_of_the_limits(sqlite_database: Database, clock: FakeClock) -> None:
    """What is as old as the window is not even read."""
    service, limiter = guarded(sqlite_database, clock, LIMITS)
    now = start_of_minute(clock)
    fail(service, FIRST)
    keys = limiter._deriver.of(FIRST, HERE)  # noqa: SLF001 - its own names for them
    with sqlite_database.read() as connection:
        for age, count in ((timedelta(0), 3), (LIMITS.window - timedelta(seconds=1), 3), (LIMITS.window, 0)):
            found = limiter._store.failures(connection, keys, now + age)  # noqa: SLF001 - what the guard reads
            assert [(each.minute, each.count) for each in found] == [(now, 1)] * count
            assert {each.subject for each in found} <= {keys.source, keys.number_and_source, keys.overall}
