"""A planned version never undoes a later change without a word: it is named, and made anew, withdrawn or kept."""

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scheduling.document import differences
from crl_publisher.scheduling.entries import ScheduleEntry, read_entries
from crl_publisher.scheduling.errors import VersionRefused
from crl_publisher.scheduling.operators import Said, is_same_person
from crl_publisher.scheduling.planned import Planned, PlannedRefused
from crl_publisher.scheduling.schedule import Schedule
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, crl_schedules
from pki_revocation.model import Issuer
from tests.crl_publisher.scheduling.schedules import of
from tests.crl_publisher.scheduling.test_book import book_of
from tests.fakes import FakeClock

HOUR = timedelta(hours=1)
# What an operator sets while the incident is on.
EMERGENCY = ("blackout=22:00-06:00", "validity=3d")


class Planning:
    """A book in which `period=2h` is planned as version 2, and what it says at a moment."""

    def __init__(self, book: ScheduleBook, database: Database, issuer: Issuer, clock: FakeClock) -> None:
        """Plan it for an hour from now."""
        self.book, self.database, self.issuer, self.clock = book, database, issuer, clock
        self.begin = clock.now()
        book.propose(issuer, of("period=2h"), by="anna", at=clock.now() + HOUR)

    def at(self, moment: datetime) -> Schedule:
        """The schedule that is in force then."""
        with self.database.read() as connection:
            return self.book.in_force(connection, self.issuer, moment).schedule

    def entries(self) -> tuple[ScheduleEntry, ...]:
        """Every version."""
        with self.database.read() as connection:
            return read_entries(connection, self.issuer)


@pytest.fixture
def planning(book: ScheduleBook, database: Database, issuer: Issuer, clock: FakeClock) -> Planning:
    """The book with its plan."""
    return Planning(book, database, issuer, clock)


def test_change_before_a_planned_version_is_refused_with_its_name(planning: Planning) -> None:
    """It was made before the change and would end it: nothing is written until an operator says what becomes of it."""
    with pytest.raises(PlannedRefused, match=r"Version 2 is planned for .*: period 1h -> 2h.*--planned rebase"):
        planning.book.propose(planning.issuer, of(*EMERGENCY), by="jan")

    assert [each.number for each in planning.entries()] == [1, 2]


def test_rebased_version_keeps_the_change_and_its_own(planning: Planning) -> None:
    """At its time both count, the one of the emergency and the one that was planned; the trail says which it was."""
    planning.book.propose(planning.issuer, of(*EMERGENCY), by="jan", said=Said(planned=Planned.REBASE, reason="INC-1"))
    later = planning.at(planning.begin + 2 * HOUR)
    *_, change, rebased = planning.entries()

    assert later == of("period=2h", *EMERGENCY)
    assert (rebased.rebases, rebased.effective_from, rebased.proposed_by) == (2, planning.begin + HOUR, "anna")
    assert (rebased.based_on, rebased.approved_by) == (change.number, "jan")
    with planning.database.read() as connection:
        rows = connection.execute(select(audit.c.event, audit.c.detail).where(audit.c.event.like("schedule.%"))).all()
    assert [row.event.partition(".")[2] for row in rows] == ["seeded", "set", "set", "withdrawn", "rebased"]
    assert json.loads(rows[-1].detail)["rebases"] == 2
    assert json.loads(rows[2].detail)["reason"] == "INC-1"


def test_withdrawn_or_kept_as_the_operator_says(planning: Planning) -> None:
    """Withdrawn, the change stays; kept, the plan takes over as it was, and that was said."""
    planning.book.propose(planning.issuer, of(*EMERGENCY), by="jan", said=Said(planned=Planned.KEEP))
    kept = planning.at(planning.begin + 2 * HOUR)
    planning.clock.advance(timedelta(minutes=1))
    planning.book.propose(planning.issuer, of("validity=4d"), by="jan", said=Said(planned=Planned.WITHDRAW))
    withdrawn = planning.at(planning.begin + 2 * HOUR)

    assert kept == of("period=2h")
    assert withdrawn == of("validity=4d")
    assert planning.entries()[1].withdrawn_by == "jan"


def test_rollback_takes_the_plan_along(planning: Planning) -> None:
    """What is rolled back to would be gone at the plan's time: the operator is asked here too."""
    planning.book.propose(planning.issuer, of("validity=3d"), by="jan", said=Said(planned=Planned.REBASE))
    planning.clock.advance(timedelta(minutes=1))
    with pytest.raises(PlannedRefused, match="Version 4 is planned"):
        planning.book.roll_back(planning.issuer, by="anna")
    planning.book.roll_back(planning.issuer, by="anna", said=Said(planned=Planned.REBASE))

    assert planning.at(planning.begin + 2 * HOUR) == of("period=2h")


def test_rotation_before_a_planned_one_and_withdrawal_ask_too(planning: Planning) -> None:
    """Every writer: a hand-over before the plan, and taking back what a later plan was made on."""
    half = planning.begin + HOUR / 2
    with pytest.raises(PlannedRefused, match="Version 2"):
        planning.book.propose(planning.issuer, of("validity=3d"), by="jan", at=half)
    planning.book.propose(planning.issuer, of("validity=3d"), by="jan", at=half, said=Said(planned=Planned.REBASE))
    with pytest.raises(PlannedRefused, match="Version 4"):
        planning.book.withdraw(planning.issuer, 3, by="jan")
    planning.book.withdraw(planning.issuer, 3, by="jan", said=Said(planned=Planned.REBASE))

    assert planning.at(planning.begin + 2 * HOUR) == of("period=2h")


def test_plan_that_has_the_change_in_it_is_left_alone(planning: Planning) -> None:
    """What it says anyway it does not undo; a change behind it asks nothing either."""
    planning.book.propose(planning.issuer, of("period=2h"), by="jan")
    planning.book.propose(planning.issuer, of("period=2h", "validity=3d"), by="jan", at=planning.begin + 3 * HOUR)

    assert all(each.withdrawn_at is None for each in planning.entries())


def test_plan_of_an_older_program_is_named_too(planning: Planning) -> None:
    """It does not say what it was made on: that was the version that is in force before it."""
    with planning.database.write() as connection:
        connection.execute(update(crl_schedules).values(based_on=None))
    with pytest.raises(PlannedRefused, match="Version 2"):
        planning.book.propose(planning.issuer, of(*EMERGENCY), by="jan")
    planning.book.propose(planning.issuer, of(*EMERGENCY), by="jan", said=Said(planned=Planned.REBASE))

    assert planning.at(planning.begin + 2 * HOUR) == of("period=2h", *EMERGENCY)


def test_several_planned_versions_are_made_anew_one_on_the_other(planning: Planning) -> None:
    """Each with its own changes alone, in their order."""
    planning.book.propose(planning.issuer, of("period=2h", "jitter=5m"), by="anna", at=planning.begin + 2 * HOUR)
    planning.book.propose(planning.issuer, of("validity=3d"), by="jan", said=Said(planned=Planned.REBASE))

    assert planning.at(planning.begin + HOUR) == of("period=2h", "validity=3d")
    assert planning.at(planning.begin + 3 * HOUR) == of("period=2h", "jitter=5m", "validity=3d")


def test_plan_that_cannot_be_made_anew_is_named(planning: Planning) -> None:
    """A change that does not go with the plan: it is said which rule is broken, and what else may be done."""
    short = of("period=1h", "validity=100m", "outage_allowance=0s")
    with pytest.raises(VersionRefused, match=r"Version 2 cannot be made anew.*--planned withdraw"):
        planning.book.propose(planning.issuer, short, by="jan", said=Said(planned=Planned.REBASE))
    planning.book.propose(planning.issuer, short, by="jan", said=Said(planned=Planned.WITHDRAW))

    assert planning.at(planning.begin + 2 * HOUR) == short


def test_calendar_takes_the_place_of_the_period_in_a_rebased_version(planning: Planning) -> None:
    """There is one of the two: a plan that changes from one to the other does so on top of the change too."""
    planning.book.withdraw(planning.issuer, 2, by="anna")
    daily = of("calendar=0 */6 * * *")
    planning.book.propose(planning.issuer, daily, by="anna", at=planning.begin + HOUR)
    planning.book.propose(planning.issuer, of("period=30m"), by="jan", said=Said(planned=Planned.REBASE))

    assert planning.at(planning.begin + 2 * HOUR) == daily


def test_proposal_that_was_overtaken_is_not_approved_unasked(
    database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """With a second person the change may come between proposal and approval: approving would undo it as silently."""
    careful = book_of(database, clock, Schedule(), second=True)
    careful.propose(issuer, of("period=2h"), by="anna")
    careful.propose(issuer, of("validity=3d"), by="anna")
    clock.advance(HOUR)
    careful.approve(issuer, 3, by="bob")
    clock.advance(HOUR)
    with pytest.raises(VersionRefused, match=r"Version 2 was made on version 1.*would undo validity 3d -> 2d"):
        careful.approve(issuer, 2, by="bob")
    careful.approve(issuer, 2, by="bob", as_proposed=True)

    with database.read() as connection:
        assert careful.in_force(connection, issuer, clock.now()).schedule == of("period=2h")


def test_approval_says_what_becomes_of_planned_versions(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """A proposal changes nothing yet, so that its approval is asked; and a rebased version is nobody's own approval."""
    careful = book_of(database, clock, Schedule(), second=True)
    careful.propose(issuer, of("period=2h"), by="anna", at=clock.now() + 5 * HOUR)
    careful.approve(issuer, 2, by="bob")
    careful.propose(issuer, of("validity=3d"), by="carl")
    clock.advance(HOUR)
    with pytest.raises(PlannedRefused):
        careful.approve(issuer, 3, by="bob")
    with pytest.raises(VersionRefused, match="Version 2 is your own"):
        careful.approve(issuer, 3, by="Anna", said=Said(planned=Planned.REBASE))
    careful.approve(issuer, 3, by="bob", said=Said(planned=Planned.REBASE, reason="CHG-9"))

    with database.read() as connection:
        later = careful.in_force(connection, issuer, clock.now() + 6 * HOUR).schedule
        approved = read_entries(connection, issuer)[2]
    assert differences(Schedule(), later).keys() == {"period", "validity"}
    assert approved.approved_reason == "CHG-9"


@pytest.mark.parametrize(
    ("profile", "names"),
    [
        ("pkix", "BR 7.2"),
        ("etsi", "BR 7.2"),
        ("microsoft", "CSS-6.3.9-05"),
        ("ca", "10 days"),
        ("br", "CSS-6.3.9-05"),
    ],
)
def test_weaker_profile_is_meant_or_refused(book: ScheduleBook, issuer: Issuer, profile: str, names: str) -> None:
    """It says which rules would be gone; with --weaker and a reason it counts, and with one of the two it does not."""
    wanted = of(f"profile={profile}")
    for said in (Said(), Said(is_weaker=True), Said(reason="CHG-1")):
        with pytest.raises(VersionRefused, match=rf"weaker than br etsi.*{names}.*--weaker"):
            book.propose(issuer, wanted, by="anna", said=said)
    made = book.propose(issuer, wanted, by="anna", said=Said(is_weaker=True, reason="CHG-1"))

    assert made.reason == "CHG-1"


def test_stricter_profile_and_one_that_says_the_same_need_nothing(book: ScheduleBook, issuer: Issuer) -> None:
    """More rules are no weaker; and a rollback to fewer is."""
    book.propose(issuer, of("profile=br etsi microsoft"), by="anna")
    book.propose(issuer, of("profile=br etsi ca"), by="anna")
    with pytest.raises(VersionRefused, match="weaker"):
        book.propose(issuer, of("profile=ca"), by="anna")


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "a\x1b[2Jb", "x" * 501])
def test_reason_is_one_line_that_says_something(reason: str) -> None:
    """It stands in lists, logs and the audit trail."""
    with pytest.raises(VersionRefused, match="--reason"):
        Said(reason=reason)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("anna", "ANNA"),
        ("anna", " anna "),
        ("Anna de Vries", "anna  de\tvries"),
        ("anna", "\uff41nna"),
        ("anna.de.vries", "Anna de Vries"),
        ("Ren\u00e9", "Rene\u0301"),
        ("Ren\u00e9", "rene"),
        ("anna", "an\u200bna"),
        ("Stra\u00dfe", "STRASSE"),
        ("o'neil", "O\u2019Neil"),
    ],
)
def test_spellings_of_one_name(database: Database, issuer: Issuer, clock: FakeClock, name: str, other: str) -> None:
    """Nothing that one proposed is approved by the same person under another spelling."""
    careful = book_of(database, clock, Schedule(), second=True)
    careful.propose(issuer, of("period=2h"), by=name)

    assert is_same_person(name, other)
    with pytest.raises(VersionRefused, match="another person"):
        careful.approve(issuer, 2, by=other)


def test_other_people_are_not_taken_for_one() -> None:
    """Names that differ in a letter or a digit are two; of names without any, all counts."""
    assert not is_same_person("anna", "anne")
    assert not is_same_person("op1", "op2")
    assert not is_same_person("\u2020", "\u2021")
