"""What `doctor` says of CRLs that should be public, where no publisher runs to say it."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from crl_publisher.config import CrlSettings
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scope import FULL
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crls
from pki_revocation.model import Issuer
from tests.crl_publisher.crl.test_frame import crl
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import issuance_of, observer_of
from tests.crl_publisher.scheduling.schedules import of
from tests.fakes import FakeClock

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


class Looking:
    """Publishes, and looks."""

    def __init__(
        self,
        database: Database,
        clock: FakeClock,
        book: ScheduleBook,
        outlet: DirectoryOutlet,
        issuance: CrlIssuance,
        issuer: Issuer,
    ) -> None:
        """One issuer's."""
        self._parts = (database, clock, book, outlet)
        self._issuer = issuer
        self.issuance = issuance

    def says(self, size_limit: int = CrlSettings().size_limit) -> list[str]:
        """The alarms, each with its scope in front."""
        observer = observer_of(*self._parts, size_limit=size_limit)
        found = observer.read(observer.observe(self._issuer, FULL))
        return [f"{found.scope.name}: {alarm.says}" for alarm in (*found.alarms, *found.delta_alarms)]

    def publish(self, *, last: bool = False) -> int:
        """Publish the complete CRL; give its number."""
        self.issuance.prepare(self._issuer)
        return self.issuance.publish(self._issuer, last=last).number


@pytest.fixture
def looking(
    database: Database, clock: FakeClock, book: ScheduleBook, one_key: OneKey, outlet: DirectoryOutlet, issuer: Issuer
) -> Looking:
    """CRLs once an hour, with the schedule as it comes."""
    book.begin(issuer)
    return Looking(database, clock, book, outlet, issuance_of(database, clock, one_key, outlet, timings=book), issuer)


def test_nothing_is_wrong_before_there_are_certificates(looking: Looking, population: Population) -> None:
    """And from then on a CRL must be there."""
    assert looking.says() == []

    population.issue(1)

    assert looking.says() == ["full: none was ever published"]
    looking.publish()
    assert looking.says() == []


def test_revocation_that_waits_too_long_is_said(looking: Looking, population: Population, clock: FakeClock) -> None:
    """Not while it may be on its way."""
    looking.publish()
    since = clock.now()
    population.issue_revoked(2)
    assert looking.says() == []

    clock.advance(21 * SECOND)

    (said,) = looking.says()
    assert said == f"full: 2 revocations since {since:%Y-%m-%dT%H:%M:%SZ} are on no CRL, and publish_within is 5s"
    looking.publish()
    assert looking.says() == []


def test_routine_that_did_not_come_is_said(looking: Looking, population: Population, clock: FakeClock) -> None:
    """Well before the CRL lapses; and that it lapsed, when it did."""
    population.issue(1)
    number = looking.publish()
    due = clock.now() + HOUR
    clock.advance(HOUR + MINUTE)
    assert looking.says() == []

    clock.advance(2 * MINUTE)
    (overdue,) = looking.says()
    clock.advance(47 * HOUR)
    lapsed, still = looking.says()

    assert overdue == still == f"full: the one that was due at {due:%Y-%m-%dT%H:%M:%SZ} did not come"
    assert lapsed.startswith(f"full: CRL {number} lapsed at ")


def test_revocation_behind_the_last_crl_is_said(looking: Looking, population: Population, clock: FakeClock) -> None:
    """Nothing will ever bring it to relying parties that read CRLs, and that must not stay unsaid."""
    number = looking.publish(last=True)
    clock.advance(1000 * HOUR)
    assert looking.says() == []

    population.issue_revoked(1)

    (said,) = looking.says()
    assert said.startswith(f"full: CRL {number} is the last one, and 1 revocations since ")


def test_size_over_its_bound_is_said(looking: Looking) -> None:
    """It is published all the same, unless the setting blocks it."""
    number = looking.publish()

    (said,) = looking.says(size_limit=10)

    assert said.startswith(f"full: CRL {number} has ")
    assert said.endswith("bytes, and [crl] size_limit is 10")


def test_delta_is_enough_where_the_schedule_says_so(
    looking: Looking, population: Population, clock: FakeClock, book: ScheduleBook, issuer: Issuer
) -> None:
    """What is on it waits for no complete CRL."""
    book.propose(issuer, of("period=6h", "delta_period=1h", "after_revocation=delta"), by="anna")
    looking.publish()
    clock.advance(MINUTE)
    population.issue_revoked(1)
    clock.advance(MINUTE)
    assert len(looking.says()) == 1

    looking.issuance.publish_delta(issuer)

    assert looking.says() == []


def test_public_crl_that_is_not_the_recorded_one_is_said(
    looking: Looking, population: Population, clock: FakeClock, public_file: Path
) -> None:
    """Missing, older, newer than the record, rubbish, another CA's, or changed in an octet; and that it lapsed."""
    population.issue(1)
    first = looking.publish()
    older = public_file.read_bytes()
    clock.advance(HOUR)
    second = looking.publish()
    newest = public_file.read_bytes()
    published_at = clock.now()
    assert looking.says() == []

    def says_of(data: bytes | None) -> list[str]:
        public_file.unlink(missing_ok=True) if data is None else public_file.write_bytes(data)
        return looking.says()

    assert says_of(None) == ["full: nothing is public at crl/issuing.crl"]
    assert says_of(older) == [
        f"full: crl/issuing.crl is number {first}, and {second} is public since {published_at:%Y-%m-%dT%H:%M:%SZ}"
    ]
    for foreign in (b"rubbish", newest[:-1], crl(), newest.replace(newest[-4:], b"\0\0\0\0")):
        assert says_of(foreign) == ["full: crl/issuing.crl is no CRL that this CA signed"]
    assert says_of(newest) == []
    clock.advance(3 * 24 * HOUR)
    assert f"full: CRL {second} lapsed at " in looking.says()[0]


def test_public_crl_that_the_record_does_not_know_is_said(
    looking: Looking, population: Population, clock: FakeClock, database: Database, issuer: Issuer
) -> None:
    """As after an old backup: the number that relying parties have is ahead of the record."""
    population.issue(1)
    first = looking.publish()
    clock.advance(HOUR)
    second = looking.publish()
    with database.write() as connection:
        connection.execute(update(crls).where(crls.c.number == second).values(published_at=None))

    (said,) = looking.says()

    assert said.startswith(f"full: crl/issuing.crl is number {second}, and the last one recorded here is {first}: ")


def test_delta_is_judged_like_the_complete_crl(
    looking: Looking, population: Population, clock: FakeClock, book: ScheduleBook, issuer: Issuer, public_file: Path
) -> None:
    """Where the schedule has deltas, theirs must be public, the recorded one, and a delta."""
    book.propose(issuer, of("period=6h", "delta_period=1h", "after_revocation=delta"), by="anna")
    looking.publish()
    clock.advance(MINUTE)
    population.issue_revoked(1)
    looking.issuance.publish_delta(issuer)
    delta = public_file.with_name("issuing-delta.crl")
    assert looking.says() == []

    delta.write_bytes(b"rubbish")
    assert looking.says() == ["full: crl/issuing-delta.crl is no CRL that this CA signed"]
    delta.unlink()
    assert looking.says() == ["full: nothing is public at crl/issuing-delta.crl"]
