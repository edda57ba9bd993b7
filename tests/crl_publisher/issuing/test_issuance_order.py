"""Publishing when the clock is wrong, or the journal moves meanwhile: nothing is missed, and nothing goes back."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from crl_publisher.config import PublisherSettings
from crl_publisher.crl.reading import parse_crl
from crl_publisher.entry_store import store
from crl_publisher.entry_store.store import EntryStore
from crl_publisher.errors import LastCrlInFuture
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from pki_revocation import journal
from pki_revocation.clock import iso
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crls
from pki_revocation.database.sound_clock import FAR_AHEAD
from pki_revocation.errors import ClockBehindJournal
from pki_revocation.journal import NewEntry
from pki_revocation.model import Channel, EntryKind, Issuer
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import events, issuance_of, serials
from tests.fakes import FakeClock

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_numbers_rise_over_clock_steps_and_restarts(
    issuance: CrlIssuance,
    issuer: Issuer,
    clock: FakeClock,
    database: Database,
    one_key: OneKey,
    outlet: DirectoryOutlet,
    settings: PublisherSettings,
) -> None:
    """Whatever the clock does, number, thisUpdate and nextUpdate never fall."""
    results = [issuance.publish(issuer)]
    for step in (HOUR, timedelta(0), -2 * HOUR, timedelta(seconds=1), -20 * HOUR, 3 * DAY):
        clock.advance(step)
        again = issuance_of(database, clock, one_key, outlet)
        results.append(again.publish(issuer))

    for before, after in pairwise(results):
        assert after.number > before.number
        assert after.this_update >= before.this_update
        assert after.next_update >= before.next_update


def test_crl_after_a_clock_step_back_still_covers_what_came_before(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, public_file: Path
) -> None:
    """Its moment is the journal's last, so that no revocation dated before it is missing."""
    population.issue_revoked(1)
    clock.advance(-HOUR)
    (late,) = population.issue_revoked(1)

    result = issuance.publish(issuer)

    assert result.covers_sequence == 2
    assert late in serials(parse_crl(public_file.read_bytes()))


def test_head_of_the_journal_is_moved_to_the_moment_of_issuing(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, database: Database, population: Population
) -> None:
    """A revocation that comes after a CRL is never dated before it, though the clock went back meanwhile."""
    result = issuance.publish(issuer)
    clock.advance(-HOUR)

    (entry,) = population.revoke(*population.issue())

    assert entry.revocation_date == result.this_update + timedelta(seconds=60)
    with database.read() as connection:
        assert journal.read_head(connection, issuer.id).sequence == 1


def test_clock_that_was_far_ahead_signs_nothing(
    issuance: CrlIssuance,
    issuer: Issuer,
    clock: FakeClock,
    population: Population,
    public_file: Path,
    database: Database,
) -> None:
    """Neither at the journal's last moment nor at the last CRL's, once a revocation took the journal back to now."""
    clock.advance(2 * FAR_AHEAD)
    result = issuance.publish(issuer)
    ahead = public_file.read_bytes()
    clock.advance(-2 * FAR_AHEAD)

    with pytest.raises(ClockBehindJournal):
        issuance.publish(issuer)
    population.issue_revoked(1)
    with pytest.raises(LastCrlInFuture, match=iso(result.this_update)):
        issuance.publish(issuer)

    assert public_file.read_bytes() == ahead
    assert events(database) == ["crl.signing", "crl.published"]
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(crls)).scalar_one() == 1


def test_journal_that_is_far_ahead_dates_no_crl(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, public_file: Path
) -> None:
    """Also the first CRL is never dated into the far future; how far is too far is the journal's to say."""
    second = timedelta(seconds=1)
    clock.advance(FAR_AHEAD + second)
    population.issue_revoked(1)
    clock.advance(-FAR_AHEAD - second)

    with pytest.raises(ClockBehindJournal):
        issuance.publish(issuer)
    assert not public_file.exists()
    clock.advance(second)

    assert issuance.publish(issuer).entries == 1


# SQLite has one lock for everything, which says nothing about the head's own.
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_planning_waits_for_whoever_holds_the_journal(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, database: Database
) -> None:
    """What is being written when a CRL is planned is covered by it: its date may lie before the CRL's."""
    (serial,) = population.issue()
    # The store's own row must be there, or else the publication would wait for something else.
    EntryStore(database).apply(issuer)
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            head = journal.lock_head(connection, issuer.id)
            publication = pool.submit(issuance.publish, issuer)
            with pytest.raises(TimeoutError):
                publication.result(timeout=0.5)
            new = NewEntry(
                kind=EntryKind.REVOCATION,
                serial=serial,
                reason=RevocationReason.UNSPECIFIED,
                channel=Channel.OPERATOR,
            )
            journal.append(connection, head, [new], clock.now())
        result = publication.result(timeout=120)

    assert (result.covers_sequence, result.entries) == (1, 1)


def test_revocation_between_applying_and_planning_is_listed(
    issuance: CrlIssuance,
    issuer: Issuer,
    population: Population,
    public_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The plan covers it, so the store is brought up to the plan before anything is signed."""
    apply = EntryStore.apply
    late: list[int] = []

    def overtaken(store: EntryStore, which: Issuer, *, through: int | None = None) -> int:
        sequence = apply(store, which, through=through)
        if not late:
            late.extend(population.issue_revoked(1))
        return sequence

    monkeypatch.setattr(EntryStore, "apply", overtaken)

    assert issuance.publish(issuer).covers_sequence == 1
    assert serials(parse_crl(public_file.read_bytes())) == set(late)


def test_flood_holds_up_no_crl(
    issuance: CrlIssuance,
    issuer: Issuer,
    database: Database,
    population: Population,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Revocations come as fast as the journal is followed, and never end: the CRL is made of what stood at its start.

    It lists that and what came until its moment was fixed, and not all that came while it was made.
    """
    monkeypatch.setattr(store, "_PORTION", 3)
    population.issue_revoked(4)
    write, came, floods = Database.write, 0, True

    def after_three_more(self: Database) -> AbstractContextManager[Connection]:
        nonlocal came, floods
        if floods:
            came += 3
            assert came <= 60, "it runs after the journal"
            floods = False
            population.issue_revoked(3)
            floods = True
        return write(self)

    monkeypatch.setattr(Database, "write", after_three_more)

    result = issuance.publish(issuer)

    with database.read() as connection:
        assert journal.read_head(connection, issuer.id).sequence > result.covers_sequence >= 4
