"""The journal where it could be misread: other issuers' rows, rows out of order, and heads that lie ahead."""

import hashlib
import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert

from pki_revocation import journal
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.errors import ClockBehindJournal, NotFound
from pki_revocation.journal import JournalHead, NewEntry
from pki_revocation.model import Channel, EntryKind, Issuer, JournalEntry
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.certificates import certificate_with_serial
from pki_revocation.register.issuers import add_issuer
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.postgresql_waits import wait_until_somebody_waits

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def new(serial: int, kind: EntryKind = EntryKind.REVOCATION, **fields: Any) -> NewEntry:  # noqa: ANN401 - any of its fields
    """What is to be appended."""
    reason = RevocationReason.SUPERSEDED if kind is EntryKind.REVOCATION else RevocationReason.KEY_COMPROMISE
    return NewEntry(kind=kind, serial=serial, channel=Channel.OPERATOR, **({"reason": reason} | fields))


def append(database: Database, issuer: Issuer, clock: FakeClock, *entries: NewEntry) -> tuple[JournalEntry, ...]:
    """As a writer does, of certificates that are registered."""
    with database.write() as connection:
        registered(connection, issuer, clock, *entries)
        head = journal.lock_head(connection, issuer.id)
        return journal.append(connection, head, entries, journal.moment_under_lock(head, clock))


def registered(connection: Connection, issuer: Issuer, clock: FakeClock, *entries: NewEntry) -> None:
    """The certificates of those entries, where they are not there yet."""
    for serial in {entry.serial for entry in entries}:
        if certificate_with_serial(connection, issuer.id, serial) is None:
            connection.execute(
                insert(certificates).values(
                    issuer_id=issuer.id,
                    serial=serial,
                    subject="CN=x",
                    organisation="",
                    not_after=clock.now() + DAY,
                    imported_at=clock.now(),
                )
            )


@pytest.fixture
def other(database: Database, issuer: Issuer, clock: FakeClock) -> Issuer:
    """A second issuer, whose serials may be the same."""
    with database.write() as connection:
        return add_issuer(
            connection,
            name="other",
            certificate=CertificateAuthority("Other").certificate,
            is_default=False,
            clock=clock,
        )


def test_each_issuer_has_a_journal_of_its_own(
    database: Database, issuer: Issuer, other: Issuer, clock: FakeClock
) -> None:
    """The same serial and the same sequence are other rows, and no head moves with another's."""
    (mine,) = append(database, issuer, clock, new(5))
    clock.advance(SECOND)
    theirs = append(database, other, clock, new(5), new(6))

    with database.read() as connection:
        for its, rows in ((issuer, (mine,)), (other, theirs)):
            assert journal.latest_entry(connection, its.id, 5) == rows[0]
            assert journal.first_entry(connection, its.id, 5) == rows[0]
            assert journal.entry_at(connection, its.id, 1) == rows[0]
            assert tuple(journal.entries_after(connection, its.id, 0)) == rows
            head = journal.read_head(connection, its.id)
            assert head == JournalHead(its.id, len(rows), rows[-1].recorded_at)
        assert journal.latest_entry(connection, issuer.id, 6) is None
        assert journal.first_entry(connection, issuer.id, 6) is None
        assert journal.entry_at(connection, issuer.id, 2) is None


def test_raise_follows_the_revocation(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """The last row says what holds, the first one when it began; each is found by its own reference."""
    (first,) = append(database, issuer, clock, new(5))
    clock.advance(DAY)
    since = first.recorded_at - DAY
    (raised,) = append(
        database,
        issuer,
        clock,
        new(5, EntryKind.RAISE, revocation_date=first.revocation_date, invalidity_date=since),
    )

    assert (raised.sequence, raised.revocation_date, raised.invalidity_date) == (2, first.recorded_at, since)
    assert raised.recorded_at == clock.now()
    with database.read() as connection:
        assert journal.latest_entry(connection, issuer.id, 5) == raised
        assert journal.first_entry(connection, issuer.id, 5) == first
        for entry in (first, raised):
            assert journal.entry_with_reference(connection, entry.reference) == entry
        assert journal.entry_with_reference(connection, "AAAA-AAAA-AAAA") is None


def test_rows_are_read_by_sequence(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """In whatever order they lie on the disk, as after a table was rewritten."""
    now = clock.now()
    with database.write() as connection:
        for sequence, entry in ((2, new(5, EntryKind.RAISE)), (0, new(5)), (1, new(6))):
            registered(connection, issuer, clock, entry)
            journal.append(connection, JournalHead(issuer.id, sequence, now), [entry], now)

    with database.read() as connection:
        assert [entry.sequence for entry in journal.entries_after(connection, issuer.id, 0)] == [1, 2, 3]
        assert [entry.sequence for entry in journal.entries_after(connection, issuer.id, 1, through=2)] == [2]
        latest, first = (read(connection, issuer.id, 5) for read in (journal.latest_entry, journal.first_entry))
    assert (latest.sequence if latest else None, first.sequence if first else None) == (3, 1)


def test_rows_are_read_in_portions(sqlite_database: Database, clock: FakeClock) -> None:
    """A reader of a million rows holds a thousand of them."""
    seen = []

    def executed(*arguments: Any) -> None:  # noqa: ANN401 - as SQLAlchemy calls it
        if "journal" in arguments[2]:
            seen.append(arguments[4].execution_options.get("yield_per"))

    with sqlite_database.read() as connection:
        event.listen(connection, "before_cursor_execute", executed)
        assert list(journal.entries_after(connection, 1, 0)) == []
    assert seen == [1000]


def test_nothing_to_append_moves_nothing(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """Neither the sequence nor the head's moment."""
    with database.read() as connection:
        before = journal.read_head(connection, issuer.id)
    clock.advance(DAY)

    assert append(database, issuer, clock) == ()
    with database.read() as connection:
        assert journal.read_head(connection, issuer.id) == before


def test_references_are_three_groups_of_four(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """For people to quote, and never the same twice."""
    entries = append(database, issuer, clock, *map(new, range(1, 21)))

    assert len({entry.reference for entry in entries}) == 20
    assert all(re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", entry.reference) for entry in entries)


def test_head_a_day_ahead_is_followed_and_no_further(
    database: Database, issuer: Issuer, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A day is the limit, for what is appended and for what is signed; beyond it an operator is told."""
    near, far = (JournalHead(issuer.id, 1, clock.now() + DAY + more) for more in (timedelta(0), SECOND))
    behind = JournalHead(issuer.id, 1, clock.now() - SECOND)
    with caplog.at_level(logging.ERROR):
        assert journal.moment_under_lock(behind, clock) == clock.now()
        assert journal.moment_under_lock(near, clock) == near.last_at
        assert not caplog.records
        assert journal.moment_under_lock(far, clock) == clock.now()
    (record,) = caplog.records
    assert (
        record.getMessage() == f"issuer {issuer.id}: the journal's last moment 2026-11-24T14:03:23Z lies in the future"
    )
    journal.refuse_far_future(near, clock)
    with pytest.raises(ClockBehindJournal) as refused:
        journal.refuse_far_future(far, clock)
    assert str(refused.value) == str(ClockBehindJournal("2026-11-24T14:03:23Z", "2026-11-23T14:03:22Z"))


def test_head_is_read_while_a_writer_holds_it(database: Database, issuer: Issuer) -> None:
    """Only writers wait for each other; who has no issuer is told so either way."""
    with database.write() as writing:
        held = journal.lock_head(writing, issuer.id)
        with database.read() as connection:
            assert journal.read_head(connection, issuer.id) == held
        with pytest.raises(NotFound, match="id 99"):
            journal.lock_head(writing, 99)


def test_second_writer_goes_on_where_the_first_one_ended(
    postgresql_only: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """It waits for the head, and takes the sequence and the moment that the first one left there."""
    first, second = new(5), new(6)
    with postgresql_only.write() as connection:
        registered(connection, issuer, clock, first, second)
    with ThreadPoolExecutor(1) as pool:
        with postgresql_only.write() as connection:
            head = journal.lock_head(connection, issuer.id)
            waiting = pool.submit(append, postgresql_only, issuer, clock, second)
            wait_until_somebody_waits(postgresql_only)
            later = clock.now() + SECOND
            journal.append(connection, head, [first], later)
        (entry,) = waiting.result(10)

    assert (entry.sequence, entry.recorded_at) == (2, later)


def test_digest_is_of_the_fields_as_json(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """What auditors compute for themselves from an export, with and without an invalidity date."""
    compromised = new(5, reason=RevocationReason.KEY_COMPROMISE, invalidity_date=clock.now() - DAY)
    entries = append(database, issuer, clock, compromised, new(0x1234))
    moment = "2026-11-23T14:03:22Z"
    fields = [
        [issuer.id, 1, "revocation", "05", moment, moment, "keyCompromise", "2026-11-22T14:03:22Z", "operator"],
        [issuer.id, 2, "revocation", "1234", moment, moment, "superseded", None, "operator"],
    ]
    rows = [[*row, entry.reference] for row, entry in zip(fields, entries, strict=True)]

    expected = hashlib.sha256("".join(json.dumps(row) for row in rows).encode()).hexdigest()
    assert journal.digest_of(entries) == expected
