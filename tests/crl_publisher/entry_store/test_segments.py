"""Stretches of joined entries: whatever happens to the entries, they give the list that reading one by one gives."""

import random
import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from crl_publisher.entry_store import segments
from crl_publisher.entry_store.listing import selected_entries
from crl_publisher.entry_store.progress import lock_progress
from crl_publisher.entry_store.segments import fill_segments, unsegmented_shards
from crl_publisher.entry_store.selection import Selection, listed_entries
from crl_publisher.entry_store.store import EntryStore
from crl_publisher.scope import FULL, Part, Scope
from pki_revocation import journal
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crl_entries, crl_shards, crl_stretches
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.campaign import campaign, examples
from tests.crl_publisher.population import Population
from tests.fakes import FakeClock
from tests.waiting import patience

DAY = timedelta(days=1)
SHARD = Scope(Part.SHARD, shard=1, url="http://crl.example.nl/crl/issuing/1.crl")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of four entries or so, ten entries in a transaction, and few changes at once are many."""
    monkeypatch.setattr(segments, "_OCTETS", 200)
    monkeypatch.setattr(segments, "_ENTRIES", 10)
    monkeypatch.setattr(segments, "_MANY", 30)


@pytest.fixture
def with_shard(database: Database, issuer: Issuer, clock: Clock) -> None:
    """The issuer has a shard."""
    with database.write() as connection:
        connection.execute(
            crl_shards.insert().values(issuer_id=issuer.id, shard=1, url=SHARD.url, added_at=clock.now())
        )


def selection_of(
    database: Database,
    issuer: Issuer,
    scope: Scope = FULL,
    *,
    expired_before: datetime | None = None,
    listed_through: int = 0,
) -> Selection:
    """What a CRL lists now."""
    with database.read() as connection:
        covers = journal.read_head(connection, issuer.id).sequence
    return Selection(
        issuer_id=issuer.id, scope=scope, covers=covers, expired_before=expired_before, listed_through=listed_through
    )


def one_by_one(database: Database, selection: Selection) -> bytes:
    """The list as the entries give it."""
    query = listed_entries(selection, crl_entries.c.entry).order_by(crl_entries.c.shard, crl_entries.c.serial)
    with database.read() as connection:
        return b"".join(connection.scalars(query))


def read(database: Database, selection: Selection) -> bytes:
    """The list as a CRL gets it."""
    with database.read() as connection:
        return b"".join(selected_entries(connection, selection))


def empty_ones(database: Database) -> int:
    """How many stretches wait to be joined."""
    with database.read() as connection:
        query = select(func.count()).where(crl_stretches.c.octets.is_(None))
        return int(connection.execute(query).scalar_one())


def count(database: Database) -> int:
    """How many there are."""
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(crl_stretches)).scalar_one())


@campaign
@pytest.mark.parametrize("seed", range(examples(6)))
def test_list_is_what_reading_one_by_one_gives(
    seed: int, database: Database, issuer: Issuer, population: Population, clock: FakeClock, with_shard: None
) -> None:
    """Over revocations, raises, expiry, late revocations, and settings that come and go, joined or not."""
    chance = random.Random(seed)  # noqa: S311 - so that a failure can be repeated
    store = EntryStore(database)
    revoked: list[int] = []
    listed_through, before = 0, None
    for _ in range(12):
        some = population.issue(
            chance.choice([1, 3, 45]), lifetime=chance.randint(1, 20) * DAY, shard=chance.choice([0, 0, 1])
        )
        population.revoke(*some)
        revoked += some
        if chance.random() < 0.5:
            raised = chance.choice(revoked)
            revoked.remove(raised)
            population.revoke(raised, reason=RevocationReason.KEY_COMPROMISE)
        store.apply(issuer)
        keeps = chance.random() < 0.2
        for scope in (FULL, SHARD):
            selection = selection_of(
                database, issuer, scope, expired_before=None if keeps else before, listed_through=listed_through
            )
            if chance.random() < 0.8:
                fill_segments(database, selection)
            assert read(database, selection) == one_by_one(database, selection)
        before, listed_through = clock.now(), selection.covers
        clock.advance(chance.randint(0, 5) * DAY)


def test_one_revocation_empties_one_stretch(database: Database, issuer: Issuer, population: Population) -> None:
    """And joining fills that one again, whatever its length became."""
    population.issue_revoked(100)
    EntryStore(database).apply(issuer)
    fill_segments(database, selection_of(database, issuer))
    parts = count(database)
    assert parts > 15
    assert empty_ones(database) == 0

    population.issue_revoked(1)
    EntryStore(database).apply(issuer)
    assert empty_ones(database) == 1

    selection = selection_of(database, issuer)
    fill_segments(database, selection)
    assert empty_ones(database) == 0
    assert count(database) in {parts, parts + 1}
    assert read(database, selection) == one_by_one(database, selection)


def test_what_is_joined_is_what_is_read(database: Database, issuer: Issuer, population: Population) -> None:
    """The stretches are really what a CRL is made of: one with other octets shows."""
    population.issue_revoked(20)
    EntryStore(database).apply(issuer)
    selection = selection_of(database, issuer)
    fill_segments(database, selection)
    with database.write() as connection:
        connection.execute(update(crl_stretches).values(octets=b"?"))

    assert read(database, selection) == b"?" * count(database)


def test_shard_without_stretches_is_read_all_the_same(
    database: Database, issuer: Issuer, population: Population, with_shard: None
) -> None:
    """Its first entries came after the others were joined."""
    population.issue_revoked(20)
    EntryStore(database).apply(issuer)
    fill_segments(database, selection_of(database, issuer))
    population.revoke(*population.issue(3, shard=1))
    EntryStore(database).apply(issuer)

    selection = selection_of(database, issuer)
    with database.read() as connection:
        assert unsegmented_shards(connection, selection) == [1]
    assert read(database, selection) == one_by_one(database, selection)
    fill_segments(database, selection)
    with database.read() as connection:
        assert unsegmented_shards(connection, selection) == []
    assert read(database, selection) == one_by_one(database, selection)


def test_two_that_join_at_once_leave_a_whole_list(database: Database, issuer: Issuer, population: Population) -> None:
    """Each goes by what is there when it has the lock, not by what it saw before."""
    population.issue_revoked(60)
    EntryStore(database).apply(issuer)
    selection = selection_of(database, issuer)
    with database.read() as connection:
        seen = segments._waiting(connection, selection)  # noqa: SLF001 - what the slower one of them saw
    fill_segments(database, selection)

    with database.write() as connection:
        for segment in seen:
            segments._fill(connection, selection, segment, 1000)  # noqa: SLF001 - and does

    assert read(database, selection) == one_by_one(database, selection)


def test_what_was_left_out_comes_back_for_a_crl_that_lacked_it(
    database: Database, issuer: Issuer, population: Population, clock: FakeClock
) -> None:
    """An older CRL was put back, which lacked the last revocations: they are listed again (RFC 5280 section 3.3)."""
    population.revoke(*population.issue(5, lifetime=DAY))
    EntryStore(database).apply(issuer)
    clock.advance(2 * DAY)
    fill_segments(database, selection_of(database, issuer, expired_before=clock.now(), listed_through=5))

    again = selection_of(database, issuer, expired_before=clock.now(), listed_through=3)

    assert read(database, again) == one_by_one(database, again) != b""


def test_busy_database_is_not_waited_for_again_and_again(
    database: Database, issuer: Issuer, population: Population, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Joining is for later CRLs: beside an import this one would come when that is over, one transaction after another.

    What is not joined is read entry by entry.
    """
    monkeypatch.setattr(segments, "_PATIENCE_SECONDS", 0.2)
    population.issue_revoked(300)
    EntryStore(database).apply(issuer)
    selection = selection_of(database, issuer)
    ended, began = threading.Event(), threading.Event()
    written = 0

    def write_on() -> None:
        nonlocal written
        while not ended.is_set():
            with database.write() as connection:
                lock_progress(connection, issuer.id)
                began.set()
                ended.wait(0.15)
            written += 1

    importing = threading.Thread(target=write_on)
    importing.start()
    try:
        assert began.wait(patience(10))
        before = written
        fill_segments(database, selection)
        transactions = written - before
    finally:
        ended.set()
        importing.join()

    assert transactions <= 8  # of the thirty that it takes
    assert read(database, selection) == one_by_one(database, selection)
    fill_segments(database, selection)
    assert empty_ones(database) == 0
