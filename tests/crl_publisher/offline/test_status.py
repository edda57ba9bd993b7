"""Alarms of CRLs that nobody here can sign anew: in time, at once, and only while something is wrong."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from crl_publisher.health import AlarmKind
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.offline.alarms import OfflineAlarms
from crl_publisher.offline.installing import CrlInstaller
from crl_publisher.offline.requesting import RequestedCrl, SigningRequests
from crl_publisher.offline.status import CrlStatus, statuses
from crl_publisher.scope import FULL
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.crl_publisher.offline.ceremony import Ceremony
from tests.crl_publisher.population import Population
from tests.fakes import FakeClock

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

StatusOf = Callable[[], CrlStatus]
Install = Callable[[timedelta | None], None]


@pytest.fixture
def status_of(database: Database, issuer: Issuer, clock: FakeClock) -> StatusOf:
    """How it stands with the complete CRL now, with a fortnight's notice."""

    def looked() -> CrlStatus:
        with database.read() as connection:
            (status,) = statuses(connection, issuer, (FULL,), clock.now(), 14 * DAY)
        return status

    return looked


@pytest.fixture
def install(requesting: SigningRequests, installing: CrlInstaller, ceremony: Ceremony, issuer: Issuer) -> Install:
    """Request, sign and install a CRL that is good for so long."""

    def installed(validity: timedelta | None) -> None:
        installing.install(ceremony.sign(requesting.request(issuer, RequestedCrl(validity=validity))))

    return installed


def kinds(status: CrlStatus) -> list[tuple[AlarmKind, bool]]:
    """What is raised, and whether it is late."""
    return [(alarm.kind, alarm.is_late) for alarm in status.alarms]


def test_first_crl_is_due_a_day_after_the_first_certificate(
    status_of: StatusOf, population: Population, clock: FakeClock
) -> None:
    """BR 4.9.7; a CA that has issued nothing needs none."""
    clock.advance(2 * DAY)
    assert kinds(status_of()) == []
    population.issue(1)
    clock.advance(DAY)
    assert kinds(status_of()) == []
    clock.advance(SECOND)
    assert kinds(status_of()) == [(AlarmKind.MISSING, True)]


def test_alarm_comes_a_fortnight_before_the_end(status_of: StatusOf, install: Install, clock: FakeClock) -> None:
    """And is another once it is over."""
    install(180 * DAY)
    assert kinds(status_of()) == []

    clock.advance(166 * DAY - 2 * SECOND)
    assert kinds(status_of()) == []
    clock.advance(SECOND)
    assert kinds(status_of()) == [(AlarmKind.EXPIRY, False)]
    clock.advance(14 * DAY - SECOND)
    assert kinds(status_of()) == [(AlarmKind.EXPIRY, False)]
    clock.advance(SECOND)
    assert kinds(status_of()) == [(AlarmKind.EXPIRY, True)]


def test_short_crl_alarms_in_its_last_third(status_of: StatusOf, install: Install, clock: FakeClock) -> None:
    """A fortnight's notice of nine days would be an alarm for ever."""
    install(9 * DAY + SECOND)

    clock.advance(6 * DAY - SECOND)
    assert kinds(status_of()) == []
    clock.advance(SECOND)
    assert kinds(status_of()) == [(AlarmKind.EXPIRY, False)]


def test_uncovered_revocation_is_an_alarm_at_once(
    status_of: StatusOf, install: Install, clock: FakeClock, population: Population
) -> None:
    """Late after a day (BR 4.9.7); over with the CRL that has it."""
    install(None)
    population.issue_revoked(2)

    assert kinds(status_of()) == [(AlarmKind.UNCOVERED, False)]
    assert "2 revocations" in status_of().alarms[0].says
    clock.advance(DAY)
    assert kinds(status_of()) == [(AlarmKind.UNCOVERED, False)]
    clock.advance(SECOND)
    assert kinds(status_of()) == [(AlarmKind.UNCOVERED, True)]
    install(None)
    assert kinds(status_of()) == []


def test_watch_tells_log_and_metrics(
    database: Database,
    clock: FakeClock,
    keyless: CrlIssuance,
    issuer: Issuer,
    install: Install,
    population: Population,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once when it comes, again after hours, and when it is over."""
    caplog.set_level(logging.INFO, logger="crl_publisher.offline.alarms")
    ticks = [0.0]
    watch = OfflineAlarms(database=database, clock=clock, issuance=keyless, notice=14 * DAY, monotonic=lambda: ticks[0])

    def said() -> int:
        ticks[0] += 10
        caplog.clear()
        watch.check(issuer)
        return len(caplog.records)

    install(None)
    assert said() == 0
    population.issue_revoked(1)
    assert said() == 1
    assert "on no CRL" in caplog.text
    assert "crl request" in caplog.text
    assert _metric("uncovered") == 1
    assert _metric("expiry") == 0
    assert said() == 0
    ticks[0] += 6 * 3600
    assert said() == 1
    clock.advance(HOUR)
    install(None)
    assert said() == 1
    assert "well again" in caplog.text
    assert _metric("uncovered") == 0


def test_watch_looks_every_few_seconds_at_most(
    database: Database, clock: FakeClock, keyless: CrlIssuance, issuer: Issuer
) -> None:
    """The publisher comes by twice a second."""
    ticks = [0.0]
    watch = OfflineAlarms(database=database, clock=clock, issuance=keyless, notice=14 * DAY, monotonic=lambda: ticks[0])

    looked = []
    for _ in range(12):
        looked.append(len(watch.check(issuer)))
        ticks[0] += 0.5

    assert looked == [1, *[0] * 9, 1, 0]


def _metric(alarm: str) -> float | None:
    return REGISTRY.get_sample_value("crl_alarm", {"issuer": "issuing", "scope": "full", "alarm": alarm})
