"""The running publisher: when a CRL is due, when it has to wait, and what happens when publishing fails."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import func, select, update

from crl_publisher.config import PublisherSettings
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.published import PublishedCrl, published
from crl_publisher.publishing import requests
from crl_publisher.publishing.publisher import Publisher
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scope import FULL
from pki_revocation.database.engine import Database
from pki_revocation.database.lease import Lease
from pki_revocation.database.schema import crl_schedules, leases
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import add_issuer
from pki_revocation.runtime.polling_service import Job, PollingService
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import KeptLease, issuance_of, publisher_of
from tests.crl_publisher.scheduling.schedules import of
from tests.fakes import FakeClock
from tests.ocsp_responder.installations import free_ports
from tests.pki import CertificateAuthority
from tests.waiting import wait_until

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


class Ticker:
    """Monotonic time that goes along with the test's clock."""

    def __init__(self, clock: FakeClock) -> None:
        """Begin at zero."""
        self._clock = clock
        self._now = 0.0

    def __call__(self) -> float:
        """Seconds since the beginning."""
        return self._now

    def advance(self, length: timedelta) -> None:
        """Let time pass on both clocks."""
        self._now += length.total_seconds()
        self._clock.advance(length)


@pytest.fixture
def ticker(clock: FakeClock) -> Ticker:
    """The time that passes."""
    return Ticker(clock)


@pytest.fixture
def lease(database: Database, clock: FakeClock, settings: PublisherSettings) -> Lease:
    """The lease as this process holds it."""
    return KeptLease(name="crl-publisher", database=database, clock=clock, length=settings.lease)


@pytest.fixture
def issuance(
    database: Database, clock: FakeClock, one_key: OneKey, outlet: DirectoryOutlet, book: ScheduleBook
) -> CrlIssuance:
    """Publishes as the book says."""
    return issuance_of(database, clock, one_key, outlet, timings=book)


@pytest.fixture
def start(
    database: Database,
    clock: FakeClock,
    book: ScheduleBook,
    issuance: CrlIssuance,
    outlet: DirectoryOutlet,
    settings: PublisherSettings,
    ticker: Ticker,
    lease: Lease,
) -> Callable[[], Publisher]:
    """Starts a publisher that has the lease, and is polled by the test."""

    def started() -> Publisher:
        return publisher_of(
            database,
            clock,
            book,
            issuance,
            outlet,
            settings=settings,
            lease=lease,
            signs=lambda each: each.name == "issuing",
            monotonic=ticker,
        )

    return started


@pytest.fixture
def schedule(start: Callable[[], Publisher], issuer: Issuer) -> Publisher:
    """One that was just started."""
    return start()


def history(database: Database, issuer: Issuer) -> tuple[PublishedCrl, ...]:
    """What was published, the newest first."""
    with database.read() as connection:
        return published(connection, issuer, limit=100)


def ask(database: Database, issuer: Issuer, clock: FakeClock) -> int:
    """Somebody asks for a CRL."""
    with database.write() as connection:
        return requests.ask(connection, issuer, clock)


def answer(database: Database, request: int) -> dict[str, object] | None:
    """What was answered."""
    with database.read() as connection:
        return requests.answer_to(connection, request)


def test_first_crl_comes_at_once_and_the_next_when_one_is_due(
    schedule: Publisher, database: Database, issuer: Issuer, ticker: Ticker
) -> None:
    """Nothing is public: publish. After that once each period, also when the scheduler's own clock stands still."""
    for expected, step in ((1, SECOND), (1, HOUR - 2 * SECOND), (1, 2 * SECOND), (2, HOUR), (3, HOUR)):
        schedule.poll()
        assert len(history(database, issuer)) == expected
        ticker.advance(step)


def test_revocation_is_published_by_the_next_look(
    schedule: Publisher, database: Database, issuer: Issuer, ticker: Ticker, population: Population
) -> None:
    """It waits for nothing but the interval between two CRLs."""
    schedule.poll()
    ticker.advance(10 * SECOND)
    population.issue_revoked(1)

    schedule.poll()

    assert history(database, issuer)[0].covers_sequence == 1


def test_storm_of_revocations_is_gathered(
    schedule: Publisher, database: Database, issuer: Issuer, ticker: Ticker, population: Population
) -> None:
    """At most one CRL in each minimum interval, and the last revocation is in one within the promise."""
    for _ in range(20):
        population.issue_revoked(1)
        schedule.poll()
        ticker.advance(timedelta(seconds=1))
    ticker.advance(timedelta(seconds=1))
    schedule.poll()

    made = history(database, issuer)
    assert len(made) <= 12
    assert made[0].covers_sequence == 20


def test_overdue_crl_comes_though_the_clock_was_set_back(
    schedule: Publisher, database: Database, issuer: Issuer, ticker: Ticker, clock: FakeClock
) -> None:
    """A period that really passed counts, whatever the wall clock says."""
    schedule.poll()
    ticker.advance(HOUR)
    clock.advance(-5 * HOUR)

    schedule.poll()

    assert len(history(database, issuer)) == 2


def test_file_that_vanished_is_published_again(
    schedule: Publisher, database: Database, issuer: Issuer, ticker: Ticker, public_file: Path
) -> None:
    """Somebody removed what was public."""
    schedule.poll()
    public_file.unlink()
    ticker.advance(5 * SECOND)

    schedule.poll()

    assert public_file.exists()
    assert len(history(database, issuer)) == 2


def test_failure_keeps_the_last_crl_and_is_tried_again_with_pauses(
    schedule: Publisher,
    database: Database,
    issuer: Issuer,
    ticker: Ticker,
    one_key: OneKey,
    population: Population,
    public_file: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The key is gone: an alarm, said once a minute, and all is well again when it is back."""
    schedule.poll()
    before = public_file.read_bytes()
    one_key.is_missing = True
    population.issue_revoked(1)
    for _ in range(120):
        ticker.advance(SECOND)
        schedule.poll()

    assert public_file.read_bytes() == before
    assert 2 <= caplog.text.count("no new CRL") <= 3
    assert "cannot be read" in caplog.text
    one_key.is_missing = False
    ticker.advance(60 * SECOND)
    schedule.poll()
    assert history(database, issuer)[0].covers_sequence == 1


def test_request_is_answered_with_what_was_published(
    schedule: Publisher, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """Two that ask at once get the same CRL, at once, with what it cost."""
    schedule.poll()
    asked = [ask(database, issuer, clock) for _ in range(2)]

    schedule.poll()

    first, second = (answer(database, request) for request in asked)
    assert first is not None
    assert first == second
    assert first["number"] == history(database, issuer)[0].number
    assert first["covers_sequence"] == 0
    assert {"size", "seconds", "cpu_seconds", "peak_memory", "this_update", "next_update"} <= first.keys()
    assert len(history(database, issuer)) == 2


def test_request_is_answered_with_the_reason_of_a_failure(
    schedule: Publisher, database: Database, issuer: Issuer, clock: FakeClock, one_key: OneKey
) -> None:
    """One sentence, also while the publisher pauses after a failure."""
    one_key.is_missing = True
    schedule.poll()
    request = ask(database, issuer, clock)

    schedule.poll()

    assert answer(database, request) == {"error": "The key of issuing cannot be read."}


def test_without_the_lease_nothing_is_published(
    schedule: Publisher, database: Database, issuer: Issuer, ticker: Ticker, clock: FakeClock
) -> None:
    """Another publisher took over: this one is still, until it has the lease again."""
    other = Lease(name="crl-publisher", database=database, clock=clock, length=timedelta(seconds=30))
    ticker.advance(timedelta(seconds=31))
    assert other.hold()

    schedule.poll()
    assert history(database, issuer) == ()

    other.release()
    schedule.poll()
    assert len(history(database, issuer)) == 1


def test_issuer_without_a_key_here_is_left_alone(
    schedule: Publisher, database: Database, clock: FakeClock, authority: CertificateAuthority, root: Path
) -> None:
    """Its CRLs come from elsewhere, and whoever asks for one is told."""
    with database.write() as connection:
        elsewhere = add_issuer(
            connection, name="elsewhere", certificate=authority.certificate, is_default=False, clock=clock
        )

    request = ask(database, elsewhere, clock)
    schedule.poll()

    told = answer(database, request)
    assert told is not None
    assert "no key of elsewhere" in str(told["error"])
    assert {path.name for path in (root / "crl").glob("*.crl")} == {"issuing.crl"}


def test_new_start_publishes_only_what_is_due(
    start: Callable[[], Publisher], database: Database, issuer: Issuer, ticker: Ticker, public_file: Path
) -> None:
    """What stands is left; an older file in its place, as after a restore of the folder, is not."""
    schedule = start()
    schedule.poll()
    older = public_file.read_bytes()
    ticker.advance(HOUR)
    schedule.poll()
    assert len(history(database, issuer)) == 2
    ticker.advance(SECOND)
    start().poll()
    assert len(history(database, issuer)) == 2
    public_file.write_bytes(older)

    start().poll()

    assert len(history(database, issuer)) == 3


def test_clock_that_was_ahead_leaves_no_storm_behind(
    schedule: Publisher, database: Database, issuer: Issuer, ticker: Ticker, clock: FakeClock, population: Population
) -> None:
    """A CRL was dated three hours ahead; once the clock is right again, a revocation brings one CRL and no more."""
    schedule.poll()
    clock.advance(3 * HOUR)
    population.issue_revoked(1)
    ticker.advance(5 * SECOND)
    schedule.poll()
    clock.advance(-3 * HOUR - 5 * SECOND)
    population.issue_revoked(1)

    for _ in range(20):
        ticker.advance(5 * SECOND)
        schedule.poll()

    assert [crl.covers_sequence for crl in history(database, issuer)] == [2, 1, 0]


def test_file_that_was_damaged_or_lost_is_put_right(
    schedule: Publisher,
    database: Database,
    issuer: Issuer,
    ticker: Ticker,
    book: ScheduleBook,
    public_file: Path,
) -> None:
    """While the publisher runs and nothing else is due: the complete CRL's octets, and the delta's."""
    book.propose(issuer, of("period=2h", "delta_period=1h"), by="anna")
    for _ in range(3):
        schedule.poll()
        ticker.advance(5 * SECOND)
    delta_file = public_file.with_name("issuing-delta.crl")
    assert delta_file.exists()

    delta_file.unlink()
    schedule.poll()
    assert delta_file.exists()
    before = len(history(database, issuer))
    for file in (public_file, delta_file):
        file.write_bytes(b"rubbish")
        ticker.advance(60 * SECOND)
        schedule.poll()
        assert file.read_bytes() != b"rubbish"
    assert len(history(database, issuer)) == before + 1


def test_damaged_file_is_an_alarm_in_the_metrics_until_it_is_replaced(
    schedule: Publisher, issuer: Issuer, ticker: Ticker, public_file: Path, one_key: OneKey
) -> None:
    """While no new one can be made; the last look's judgement stays until the next reading."""

    def alarm(kind: str) -> float | None:
        return REGISTRY.get_sample_value("crl_alarm", {"issuer": issuer.name, "scope": "full", "alarm": kind})

    schedule.poll()
    ticker.advance(5 * SECOND)
    schedule.poll()
    assert [alarm("foreign"), alarm("not-public"), alarm("missing")] == [0, 0, 0]
    one_key.is_missing = True
    public_file.write_bytes(b"rubbish")
    ticker.advance(31 * SECOND)
    schedule.poll()
    assert alarm("foreign") == 1
    one_key.is_missing = False
    ticker.advance(61 * SECOND)
    for _ in range(2):
        schedule.poll()
        ticker.advance(5 * SECOND)
    assert alarm("foreign") == 0


def test_new_version_is_followed_at_the_next_look(
    schedule: Publisher, database: Database, issuer: Issuer, ticker: Ticker, book: ScheduleBook, clock: FakeClock
) -> None:
    """No restart: rarer from now on, more often from a time on, and nextUpdate never before an earlier one."""
    schedule.poll()
    ticker.advance(5 * SECOND)
    book.propose(issuer, of("period=5h", "validity=4d"), by="anna")
    book.propose(issuer, of("period=30m", "validity=30h"), by="anna", at=clock.now() + 6 * HOUR)
    made = []
    for _ in range(16):
        schedule.poll()
        made.append(len(history(database, issuer)))
        ticker.advance(HOUR / 2)

    assert made == [2] * 10 + [3, 3, 4, 5, 6, 7]
    updates = [crl.next_update for crl in reversed(history(database, issuer))]
    assert updates == sorted(updates)


def test_deltas_come_between_complete_crls(
    schedule: Publisher, database: Database, issuer: Issuer, ticker: Ticker, book: ScheduleBook, population: Population
) -> None:
    """From the first look after a base is there: by their own routine, beside each complete one, after a revocation."""
    book.propose(issuer, of("period=2h", "delta_period=30m", "after_revocation=delta"), by="anna")
    seen = []
    for minutes in (0, 30, 30, 20, 10, 30):
        ticker.advance(timedelta(minutes=minutes))
        if minutes == 20:
            population.issue_revoked(1)
        schedule.poll()
        with database.read() as connection:
            deltas = published(connection, issuer, FULL.delta, limit=100)
        seen.append((len(history(database, issuer)), len(deltas), deltas[0].covers_sequence if deltas else None))

    assert seen == [(1, 0, None), (1, 1, 0), (1, 2, 0), (1, 3, 1), (1, 4, 1), (2, 5, 1)]
    assert history(database, issuer)[0].covers_sequence == 1


def test_trouble_of_one_issuer_holds_up_no_other(
    database: Database,
    clock: FakeClock,
    book: ScheduleBook,
    issuance: CrlIssuance,
    outlet: DirectoryOutlet,
    settings: PublisherSettings,
    ticker: Ticker,
    lease: Lease,
    issuer: Issuer,
    one_key: OneKey,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A schedule that this program cannot read stops its own issuer alone, and whoever asks is told."""
    other = CertificateAuthority("Andere CA")
    with database.write() as connection:
        broken = add_issuer(connection, name="another", certificate=other.certificate, is_default=False, clock=clock)
    book.begin(broken)
    with database.write() as connection:
        connection.execute(
            update(crl_schedules).where(crl_schedules.c.issuer_id == broken.id).values(document='{"colour": "red"}')
        )
    publisher = publisher_of(database, clock, book, issuance, outlet, settings=settings, lease=lease, monotonic=ticker)
    request = ask(database, broken, clock)
    for _ in range(3):
        publisher.poll()
        ticker.advance(HOUR)

    told = answer(database, request)
    assert told is not None
    assert "unknown setting 'colour'" in str(told["error"])
    assert len(history(database, issuer)) == 3
    assert history(database, broken) == ()
    assert caplog.text.count("another: no new CRL") == 3


def test_running_schedule_publishes_and_ends_cleanly(
    database: Database,
    book: ScheduleBook,
    issuance: CrlIssuance,
    outlet: DirectoryOutlet,
    population: Population,
    issuer: Issuer,
    clock: FakeClock,
) -> None:
    """The real loop: the first CRL, a revocation soon after, and no lease left behind."""
    settings = PublisherSettings(minimum_interval=timedelta(0))
    lease = Lease(name="crl-publisher", database=database, clock=clock, length=settings.lease)
    schedule = publisher_of(database, clock, book, issuance, outlet, settings=settings, lease=lease)
    (port,) = free_ports(1)
    service = PollingService(
        "publisher", [Job("publishing", schedule.poll, every=0.02)], port=port, ready=lambda: None, lease=lease
    )
    running = threading.Thread(target=service.run_here)
    running.start()
    try:
        wait_until(lambda: len(history(database, issuer)) == 1)
        population.issue_revoked(1)
        wait_until(lambda: history(database, issuer)[0].covers_sequence == 1)
    finally:
        service.stop()
        running.join(timeout=120)

    assert not running.is_alive()
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(leases)).scalar_one() == 0
