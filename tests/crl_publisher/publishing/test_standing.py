"""What the publisher fails with is said while it lasts: in the database, by readiness, in metrics; then it resumes."""

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from crl_publisher.config import PublisherSettings
from crl_publisher.errors import NotPublished
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.public_crl import PublicCrls
from crl_publisher.publishing.publisher import Publisher
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.serve import readiness
from pki_revocation.database.engine import Database
from pki_revocation.database.lease import Lease
from pki_revocation.host.disk_space import full_disks
from pki_revocation.model import Issuer
from pki_revocation.register.service_failures import FailureRecord, failures_of
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import issuance_of, publisher_of
from tests.disks import fill, small_disk
from tests.fakes import FakeClock

SECOND = timedelta(seconds=1)


class Running:
    """A publisher that has the lease, and time that passes on both clocks."""

    def __init__(
        self, database: Database, clock: FakeClock, book: ScheduleBook, issuance: CrlIssuance, outlet: DirectoryOutlet
    ) -> None:
        """Nothing was published yet."""
        self.seconds = 0.0
        self.clock, self.database = clock, database
        lease = Lease(name="crl-publisher", database=database, clock=clock, length=timedelta(days=1))
        assert lease.hold()
        self.publisher: Publisher = publisher_of(
            database, clock, book, issuance, outlet, lease=lease, monotonic=lambda: self.seconds
        )
        self.ready = readiness(
            database, clock, PublicCrls(outlet, database), lambda _: True, standing=self.publisher.standing
        )

    def look(self, after: float = 0.0) -> None:
        """Look once, some seconds later."""
        self.seconds += after
        self.clock.advance(timedelta(seconds=after))
        self.publisher.poll()

    def kept(self) -> dict[str, str]:
        """What the database says that fails."""
        with self.database.read() as connection:
            return {each.item: each.sentence for each in failures_of(connection, "publisher")}


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Either would do."""
    return sqlite_database


@pytest.fixture
def running(
    database: Database, clock: FakeClock, book: ScheduleBook, issuance: CrlIssuance, outlet: DirectoryOutlet
) -> Running:
    """A publisher of one issuer."""
    return Running(database, clock, book, issuance, outlet)


def test_token_that_is_away_is_said_before_a_crl_is_due_and_work_resumes(
    running: Running, one_key: OneKey, population: Population, issuer: Issuer, settings: PublisherSettings
) -> None:
    """Within ten seconds, with the cause; a revocation meanwhile is on a CRL within publish_within of its return."""
    running.look()
    running.ready()
    assert running.kept() == {}
    one_key.is_missing = True
    running.look(10)
    cause = f"The key of {issuer.name} cannot be read."
    assert running.kept() == {f"key of {issuer.name}": cause}
    with pytest.raises(NotPublished, match="cannot be read"):
        running.ready()

    population.issue_revoked(1)
    for _ in range(60):
        running.look(5)
    assert running.kept()[f"full CRL of {issuer.name}"] == cause
    one_key.is_missing = False
    within = settings.publish_within.total_seconds()
    for _ in range(round(within / 0.5)):
        running.look(0.5)
    assert f"full CRL of {issuer.name}" not in running.kept()
    running.look(10)
    assert running.kept() == {}
    running.ready()


def test_full_disk_is_said_and_work_resumes_when_there_is_room(
    database: Database,
    clock: FakeClock,
    book: ScheduleBook,
    one_key: OneKey,
    population: Population,
    issuer: Issuer,
    tmp_path: Path,
) -> None:
    """After a minute of failing as well: the pause is publish_within, and no longer."""
    with small_disk(tmp_path / "disk") as disk:
        outlet = DirectoryOutlet(disk / "published")
        running = Running(database, clock, book, issuance_of(database, clock, one_key, outlet), outlet)
        running.look()
        assert full_disks([disk]) == ()
        filler = fill(disk)
        (sentence,) = full_disks([disk])
        assert "is full" in sentence
        population.issue_revoked(1)
        for _ in range(30):
            running.look(5)
        assert "No space left" in running.kept()[f"full CRL of {issuer.name}"]
        with pytest.raises(NotPublished, match="No space left"):
            running.ready()
        filler.unlink()
        for _ in range(10):
            running.look(0.5)
        assert running.kept() == {}
        running.ready()


def test_failures_are_counted_from_nothing(running: Running, one_key: OneKey, population: Population) -> None:
    """An alert on a rise sees the first one."""
    running.look()
    labels = {"issuer": population.issuer.name, "error": "UnusableKey"}
    before = REGISTRY.get_sample_value("crl_publication_failures_total", labels)
    assert before is not None
    one_key.is_missing = True
    population.issue_revoked(1)
    running.look(60)
    assert REGISTRY.get_sample_value("crl_publication_failures_total", labels) == before + 1


def test_record_keeps_since_when_and_forgets_what_works(database: Database, clock: FakeClock) -> None:
    """The sentence may change meanwhile; another process of the service begins with what it knows."""
    record = FailureRecord(database, clock, "publisher")
    begun = clock.now()
    record.keep({"a": "one", "b": "one"})
    clock.advance(60 * SECOND)
    record.keep({"a": "two", "c" * 400: "long"})
    with database.read() as connection:
        found = failures_of(connection, "publisher")
    assert [(each.item, each.sentence, each.since) for each in found] == [
        ("a", "two", begun),
        ("c" * 300, "long", begun + 60 * SECOND),
    ]
    FailureRecord(database, clock, "publisher").keep({})
    with database.read() as connection:
        assert failures_of(connection, "publisher") == ()
