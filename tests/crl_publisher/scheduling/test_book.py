"""The book of versions: seeded once, proposed, approved by somebody else, withdrawn, rolled back, and audited."""

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from crl_publisher.bootstrap import public_validity
from crl_publisher.config import CrlSettings
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scheduling.entries import ScheduleEntry, read_entries
from crl_publisher.scheduling.errors import ScheduleRefused, VersionRefused
from crl_publisher.scheduling.operators import Said
from crl_publisher.scheduling.schedule import Schedule
from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, personal_details
from pki_revocation.model import Issuer
from tests.crl_publisher.scheduling.schedules import of
from tests.fakes import FakeClock

HOUR = timedelta(hours=1)


@pytest.fixture
def careful(database: Database, clock: FakeClock) -> ScheduleBook:
    """A book that wants a second person."""
    return book_of(database, clock, Schedule(), second=True)


def book_of(database: Database, clock: FakeClock, seed: Schedule, *, second: bool = False) -> ScheduleBook:
    """A book with this seed."""
    return ScheduleBook(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        seed=seed,
        needs_second_person=second,
        public_validity=public_validity(CrlSettings()),
    )


def entries(database: Database, issuer: Issuer) -> tuple[ScheduleEntry, ...]:
    """What stands in the book."""
    with database.read() as connection:
        return read_entries(connection, issuer)


def in_force(book: ScheduleBook, database: Database, issuer: Issuer, clock: FakeClock) -> int:
    """The version that counts now."""
    with database.read() as connection:
        return book.in_force(connection, issuer, clock.now()).version.number


def test_configuration_is_the_first_version_and_never_again(
    book: ScheduleBook, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """From then on the database says, whatever the file says."""
    book.begin(issuer)
    other = book_of(database, clock, of("period=2h"))
    other.begin(issuer)

    (only,) = entries(database, issuer)
    assert (only.number, only.schedule, only.effective_from) == (1, Schedule(), clock.now())
    assert only.proposed_by == only.approved_by == "the configuration"
    with database.read() as connection:
        assert other.in_force(connection, issuer, clock.now()).schedule == Schedule()


def test_before_anything_is_written_the_configuration_counts(
    book: ScheduleBook, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """Whoever publishes first needs no book; nothing is written by looking."""
    with database.read() as connection:
        timing = book.in_force(connection, issuer, clock.now())

    assert timing.backdate == timedelta(minutes=1)
    assert (timing.has_deltas, timing.base_age, timing.longest_validity) == (False, HOUR, timedelta(days=10))
    assert timing.next_publication(clock.now()) == clock.now() + HOUR + timedelta(minutes=2)
    assert entries(database, issuer) == ()


def test_configuration_with_a_gap_is_no_first_version(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """The sentence says whose it is, and names the instant."""
    with pytest.raises(ScheduleRefused, match=r"section \[publisher\] cannot be used.*no CRL would be valid"):
        book_of(database, clock, of("period=12h", "validity=13h")).begin(issuer)

    assert entries(database, issuer) == ()


def test_change_counts_at_once_and_is_audited(
    book: ScheduleBook, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """Who did it stands beside the chain, not in it."""
    clock.advance(HOUR)
    entry = book.propose(issuer, of("period=2h"), by="anna")

    assert in_force(book, database, issuer, clock) == entry.number == 2
    with database.read() as connection:
        rows = connection.execute(select(audit.c.event, audit.c.detail).where(audit.c.event.like("schedule.%"))).all()
        personal = connection.scalars(select(personal_details.c.detail)).all()
        verify_chain(connection)
    assert [row.event for row in rows] == ["schedule.seeded", "schedule.set"]
    assert json.loads(rows[1].detail)["schedule"]["period"] == "2h"
    assert "anna" not in rows[1].detail
    assert any("anna" in each for each in personal)


def test_handover_takes_place_at_its_time(
    book: ScheduleBook, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """Until then the old one counts."""
    book.propose(issuer, of("period=2h"), by="anna", at=clock.now() + 5 * HOUR)

    seen = []
    for _ in range(6):
        clock.advance(HOUR)
        seen.append(in_force(book, database, issuer, clock))
    assert seen == [1, 1, 1, 1, 2, 2]


def test_what_leaves_a_gap_is_not_written(
    book: ScheduleBook, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """Neither now nor for later, nor by taking back what holds the rest together."""
    book.begin(issuer)
    for at in (None, clock.now() + 50 * HOUR):
        with pytest.raises(ScheduleRefused, match="no CRL would be valid"):
            book.propose(issuer, of("period=12h", "validity=13h"), by="anna", at=at)

    assert len(entries(database, issuer)) == 1


def test_change_that_changes_nothing_or_lies_in_the_past_is_refused(
    book: ScheduleBook, issuer: Issuer, clock: FakeClock
) -> None:
    """With the version that says the same."""
    with pytest.raises(VersionRefused, match="Nothing would change: version 1"):
        book.propose(issuer, Schedule(), by="anna")
    with pytest.raises(VersionRefused, match="is past"):
        book.propose(issuer, of("period=2h"), by="anna", at=clock.now() - HOUR)
    for name in (" ", "x" * 129):
        with pytest.raises(VersionRefused, match="--by NAME"):
            book.propose(issuer, of("period=2h"), by=name)


def test_second_person_approves(careful: ScheduleBook, database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """Not the first one, and not under another spelling; 'now' means the moment of approval."""
    entry = careful.propose(issuer, of("period=2h"), by="Anna")
    assert entry.is_open
    assert in_force(careful, database, issuer, clock) == 1
    with pytest.raises(VersionRefused, match="another person"):
        careful.approve(issuer, 2, by=" anna ")
    clock.advance(HOUR)

    approved = careful.approve(issuer, 2, by="bob")

    assert in_force(careful, database, issuer, clock) == 2
    assert (approved.effective_from, approved.proposed_by, approved.approved_by) == (clock.now(), "Anna", "bob")
    assert entries(database, issuer)[1] == approved
    with pytest.raises(VersionRefused, match="not open"):
        careful.approve(issuer, 2, by="carol")


def test_approval_that_comes_too_late_is_refused(careful: ScheduleBook, issuer: Issuer, clock: FakeClock) -> None:
    """A handover cannot begin in the past."""
    careful.propose(issuer, of("period=2h"), by="anna", at=clock.now() + HOUR)
    clock.advance(HOUR)

    with pytest.raises(VersionRefused, match="which is past"):
        careful.approve(issuer, 2, by="bob")


def test_approval_is_checked_anew(careful: ScheduleBook, issuer: Issuer, clock: FakeClock) -> None:
    """What was fine when it was proposed may leave a gap by now."""
    weekly = of("profile=ca", "period=30d", "validity=300d")
    careful.propose(issuer, of("period=2h"), by="anna", at=clock.now() + 9 * HOUR)
    meant = Said(is_weaker=True, reason="CHG-7: a CA of CAs")
    careful.propose(issuer, weekly, by="anna", at=clock.now() + 5 * HOUR, said=meant)
    careful.approve(issuer, 3, by="bob")

    with pytest.raises(ScheduleRefused, match="nextUpdate would go backwards"):
        careful.approve(issuer, 2, by="bob", as_proposed=True)


def test_withdrawal(book: ScheduleBook, database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """Of what is planned or proposed; never of what is or was in force, also when the clock was set back."""
    book.propose(issuer, of("period=2h"), by="anna", at=clock.now() + HOUR)
    withdrawn = book.withdraw(issuer, 2, by="bob")
    clock.advance(2 * HOUR)

    assert in_force(book, database, issuer, clock) == 1
    assert (withdrawn.withdrawn_by, withdrawn.counts) == ("bob", False)
    with pytest.raises(VersionRefused, match="was withdrawn before"):
        book.withdraw(issuer, 2, by="bob")
    with pytest.raises(VersionRefused, match="is or was in force"):
        book.withdraw(issuer, 1, by="bob")
    clock.advance(-9 * HOUR)
    with pytest.raises(VersionRefused, match="is or was in force"):
        book.withdraw(issuer, 1, by="bob")
    with pytest.raises(VersionRefused, match="There is no version 9: there are 1 to 2"):
        book.withdraw(issuer, 9, by="bob")


def test_rollback_is_a_new_version_with_old_words(
    book: ScheduleBook, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """Without a number the last that said otherwise; a withdrawn one was never in force."""
    with pytest.raises(VersionRefused, match="nothing else was in force"):
        book.roll_back(issuer, by="anna")
    for period in ("2h", "3h"):
        clock.advance(HOUR)
        book.propose(issuer, of(f"period={period}"), by="anna")
    clock.advance(HOUR)

    back = book.roll_back(issuer, by="anna")
    clock.advance(HOUR)
    first = book.roll_back(issuer, by="anna", to=1)

    assert (back.number, back.restores, back.schedule) == (4, 2, of("period=2h"))
    assert (first.number, first.restores, first.schedule) == (5, 1, Schedule())
    assert in_force(book, database, issuer, clock) == 5
    assert [entry.schedule.period / HOUR for entry in entries(database, issuer)] == [1, 2, 3, 2, 1]


def test_two_at_once_get_two_numbers(book: ScheduleBook, database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """Neither is lost, and each was checked against the other."""
    book.begin(issuer)
    failures: list[Exception] = []

    def change(period: str) -> None:
        try:
            book.propose(issuer, of(f"period={period}"), by=period)
        except Exception as error:  # noqa: BLE001 - whatever it is fails the test
            failures.append(error)

    both = [threading.Thread(target=change, args=(period,)) for period in ("2h", "3h", "4h")]
    for each in both:
        each.start()
    for each in both:
        each.join()

    assert failures == []
    assert [entry.number for entry in entries(database, issuer)] == [1, 2, 3, 4]
