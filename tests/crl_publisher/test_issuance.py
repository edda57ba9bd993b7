"""One publication: what becomes public, when it says it was made, and what is recorded."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from crl_publisher.config import PublisherSettings
from crl_publisher.entries import EntryStore
from crl_publisher.errors import LastCrlInFuture, NumberNotAbove
from crl_publisher.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.reading import read_crl
from crl_publisher.store import last_published, published
from crl_publisher.timing import SettingsTiming
from pki_revocation import journal, register
from pki_revocation.clock import iso
from pki_revocation.database import Database
from pki_revocation.errors import ClockBehindJournal
from pki_revocation.journal import FAR_AHEAD, NewEntry
from pki_revocation.model import Channel, EntryKind, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.schema import crls
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publishing import events, issuance_of, serials
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_published_crl_is_recorded_with_what_it_covers(
    issuance: CrlIssuance, issuer: Issuer, population: Population, public_file: Path, database: Database
) -> None:
    """File, record and audit trail say the same of it."""
    revoked = population.issue_revoked(3, reason=RevocationReason.SUPERSEDED)

    result = issuance.publish(issuer)

    crl = read_crl(public_file.read_bytes())
    assert serials(crl) == set(revoked)
    assert (crl.number, crl.this_update, crl.next_update) == (result.number, result.this_update, result.next_update)
    assert (result.covers_sequence, result.entries) == (3, 3)
    assert (result.size, result.sha256) == (len(crl.data), crl.sha256.hex())
    with database.read() as connection:
        assert last_published(connection, issuer) == result
    assert events(database) == ["crl.signing", "crl.published"]


def test_times_follow_the_settings(issuance: CrlIssuance, issuer: Issuer, clock: FakeClock) -> None:
    """ThisUpdate is backdated, and validity ends a second early, because both ends count (BR 4.9.10)."""
    result = issuance.publish(issuer)

    assert result.this_update == clock.now() - timedelta(seconds=60)
    assert result.next_update == result.this_update + timedelta(hours=48) - timedelta(seconds=1)


def test_nothing_revoked_is_an_empty_crl(issuance: CrlIssuance, issuer: Issuer, public_file: Path) -> None:
    """The first CRL comes before the first revocation (BR 4.9.7)."""
    assert issuance.publish(issuer).entries == 0
    assert len(read_crl(public_file.read_bytes())) == 0


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
    assert late in serials(read_crl(public_file.read_bytes()))


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


def test_shorter_validity_does_not_take_next_update_back(
    issuance: CrlIssuance,
    issuer: Issuer,
    clock: FakeClock,
    database: Database,
    one_key: OneKey,
    outlet: DirectoryOutlet,
) -> None:
    """What was promised stays promised (RFC 5280 section 5.1.2.5)."""
    first = issuance.publish(issuer)
    timings = SettingsTiming(PublisherSettings(validity=4 * HOUR))
    shorter = issuance_of(database, clock, one_key, outlet, timings=timings)

    assert shorter.publish(issuer).next_update == first.next_update


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
        result = publication.result(timeout=10)

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

    def overtaken(store: EntryStore, which: Issuer, *, upto: int | None = None) -> int:
        sequence = apply(store, which, upto=upto)
        if not late:
            late.extend(population.issue_revoked(1))
        return sequence

    monkeypatch.setattr(EntryStore, "apply", overtaken)

    assert issuance.publish(issuer).covers_sequence == 1
    assert serials(read_crl(public_file.read_bytes())) == set(late)


def test_prepare_writes_the_ca_certificate_beside(issuance: CrlIssuance, issuer: Issuer, root: Path) -> None:
    """What AIA caIssuers points at, in DER."""
    issuance.prepare(issuer)

    assert (root / "aia" / "issuing.cer").read_bytes() == issuer.certificate_der


def test_stands_only_while_the_recorded_one_is_public_and_valid(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, public_file: Path
) -> None:
    """Missing, another file than the recorded one, or lapsed: something is to be done."""
    assert not issuance.stands(issuer)
    issuance.publish(issuer)
    first = public_file.read_bytes()
    assert issuance.stands(issuer)
    clock.advance(HOUR)
    issuance.publish(issuer)
    second = public_file.read_bytes()
    public_file.write_bytes(first)
    assert not issuance.stands(issuer)
    public_file.write_bytes(second)
    clock.advance(3 * DAY)

    assert not issuance.stands(issuer)


def test_two_issuers_are_apart(
    issuance: CrlIssuance,
    issuer: Issuer,
    population: Population,
    root: Path,
    database: Database,
    clock: FakeClock,
) -> None:
    """Each has its own numbers, its own file and its own entries."""
    other = CertificateAuthority("Other CA")
    with database.write() as connection:
        second = register.add_issuer(
            connection, name="other", certificate=other.certificate, is_default=False, clock=clock
        )
    keys = OneKey(other.key, other.certificate, clock)
    elsewhere = issuance_of(database, clock, keys, DirectoryOutlet(root))
    population.issue_revoked(1)

    assert issuance.publish(issuer).entries == 1
    assert elsewhere.publish(second).entries == 0

    assert (root / "crl" / "other.crl").exists()


def test_two_publishers_at_once_share_no_number(
    issuance: CrlIssuance,
    issuer: Issuer,
    clock: FakeClock,
    database: Database,
    one_key: OneKey,
    outlet: DirectoryOutlet,
    settings: PublisherSettings,
    population: Population,
    public_file: Path,
) -> None:
    """Without any lease: each number is reserved once, and whoever is slower publishes nothing older."""
    population.issue_revoked(5)
    other = issuance_of(database, clock, one_key, outlet)

    def publish(which: CrlIssuance) -> list[int]:
        numbers = []
        for _ in range(10):
            try:
                numbers.append(which.publish(issuer).number)
            except NumberNotAbove:
                continue
        return numbers

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(publish, (issuance, other))

    assert not set(first) & set(second)
    assert read_crl(public_file.read_bytes()).number == max(first + second)
    with database.read() as connection:
        assert len(connection.execute(select(crls)).all()) == 20
        assert {crl.number for crl in published(connection, issuer, limit=100)} == {*first, *second}
