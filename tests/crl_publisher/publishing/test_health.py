"""What `doctor` says of CRLs that should be public, where no publisher runs to say it."""

from datetime import timedelta

import pytest

from crl_publisher.config import CrlSettings
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.publishing.health import PublicationCheck
from crl_publisher.scheduling.book import ScheduleBook
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import issuance_of
from tests.crl_publisher.scheduling.schedules import of
from tests.fakes import FakeClock

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


class Looking:
    """Publishes, and looks."""

    def __init__(
        self, database: Database, clock: FakeClock, book: ScheduleBook, issuance: CrlIssuance, issuer: Issuer
    ) -> None:
        """One issuer's."""
        self._parts = (database, clock, book, issuance)
        self._issuer = issuer
        self.issuance = issuance

    def says(self, size_limit: int = CrlSettings().size_limit) -> list[str]:
        """The complaints, each with its scope in front."""
        database, clock, book, issuance = self._parts
        check = PublicationCheck(database=database, clock=clock, book=book, issuance=issuance, size_limit=size_limit)
        return [f"{scope.name}: {sentence}" for scope, sentence in check.complaints(self._issuer)]

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
    return Looking(database, clock, book, issuance_of(database, clock, one_key, outlet, timings=book), issuer)


def test_nothing_is_wrong_before_there_are_certificates(looking: Looking, population: Population) -> None:
    """And from then on a CRL must be there."""
    assert looking.says() == []

    population.issue(1)

    assert looking.says() == ["full: none was ever published, and there are certificates"]
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
    assert said == f"full: 2 revocations since {since:%Y-%m-%dT%H:%M:%SZ} are on none yet, and publish_within is 5s"
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
