"""How long caches may keep a CRL, by the schedules in force."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from crl_publisher.config import PublisherSettings
from crl_publisher.distribution.max_age import LONGEST_MAX_AGE, MaxAge
from crl_publisher.scheduling.book import ScheduleBook
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.crl_publisher.scheduling.schedules import of
from tests.fakes import FakeClock

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


class Ticker:
    """A clock that no step touches, which moves by ten seconds at each look."""

    def __init__(self) -> None:
        """From nought."""
        self.now = 0.0

    def __call__(self) -> float:
        """Now."""
        self.now += 10.0
        return self.now


@pytest.fixture
def max_age_on(clock: FakeClock, settings: PublisherSettings) -> Callable[[Database], MaxAge]:
    """Goes by the book, where the database answers."""
    return lambda database: MaxAge(database=database, clock=clock, seed=settings.schedule, monotonic=Ticker())


@pytest.fixture
def max_age(max_age_on: Callable[[Database], MaxAge], database: Database) -> MaxAge:
    """On the test's database."""
    return max_age_on(database)


def test_new_schedule_counts_without_a_restart(
    max_age: MaxAge, book: ScheduleBook, issuer: Issuer, clock: FakeClock
) -> None:
    """Both its promise and its next run; and for a part's CRL as for the complete one."""
    published_at = clock.now()
    assert max_age.until_next("crl/issuing.crl", published_at) == 5 * SECOND

    book.propose(issuer, of("period=10m", "publish_within=1m", "minimum_interval=2s"), by="anna")

    assert max_age.until_next("crl/issuing.crl", published_at) == MINUTE
    clock.advance(9 * MINUTE + 30 * SECOND)
    for path in ("crl/issuing.crl", "crl/issuing/7.crl"):
        assert max_age.until_next(path, published_at) == 30 * SECOND
    assert max_age.of_copies() == MINUTE


def test_deltas_go_by_their_own_run(max_age: MaxAge, book: ScheduleBook, issuer: Issuer, clock: FakeClock) -> None:
    """Every five minutes, of which four have passed."""
    book.propose(issuer, of("period=2h", "delta_period=5m", "publish_within=10m"), by="anna")
    published_at = clock.now()
    clock.advance(4 * MINUTE)

    assert max_age.until_next("crl/issuing-delta.crl", published_at) == MINUTE
    assert max_age.until_next("crl/issuing/7-delta.crl", published_at) == MINUTE
    assert max_age.until_next("crl/issuing.crl", published_at) == 10 * MINUTE
    clock.advance(2 * MINUTE)
    assert max_age.until_next("crl/issuing-delta.crl", published_at) == 10 * MINUTE


def test_copies_go_by_the_strictest_promise(max_age: MaxAge, book: ScheduleBook, issuer: Issuer) -> None:
    """And never beyond what no cache may."""
    book.propose(issuer, of("period=10m", "publish_within=9m"), by="anna")

    assert max_age.of_copies() == LONGEST_MAX_AGE


def test_without_a_database_the_configuration_counts(
    max_age_on: Callable[[Database], MaxAge], tmp_path: Path, clock: FakeClock
) -> None:
    """The distribution service serves on, and may have no access to it at all."""
    with Database(f"sqlite:///{tmp_path}/none.db") as absent:
        max_age = max_age_on(absent)

        assert max_age.until_next("crl/issuing.crl", clock.now()) == 5 * SECOND
        assert max_age.of_copies() == 5 * SECOND
    assert not (tmp_path / "none.db").exists()


def test_knows_whose_a_crl_is(max_age: MaxAge, issuer: Issuer) -> None:
    """By the register: its complete CRL, its delta, its parts; and not what merely begins so."""
    for path in ("crl/issuing.crl", "crl/issuing-delta.crl", "crl/issuing/7.crl", "crl/issuing/ca-delta.crl"):
        assert max_age.knows(path)
    for path in ("crl/issuing2.crl", "crl/foreign.crl", "crl/foreign/1.crl", "aia/issuing.cer"):
        assert not max_age.knows(path)
