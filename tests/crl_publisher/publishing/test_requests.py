"""Requests for one scope's CRL, for all that is due, or for a CA's last one, and the publisher that stops after it."""

from datetime import timedelta
from itertools import count

import pytest

from crl_publisher.config import CrlSettings, PublisherSettings
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.issuing.shards import scope_named
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.published import last_published
from crl_publisher.publishing import requests
from crl_publisher.publishing.publisher import Publisher
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scope import CA, FULL, USERS
from pki_revocation.database.engine import Database
from pki_revocation.errors import NotFound
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import KeptLease, issuance_of, publisher_of
from tests.fakes import FakeClock

DAY = timedelta(days=1)


@pytest.fixture
def issuance(database: Database, clock: FakeClock, one_key: OneKey, outlet: DirectoryOutlet) -> CrlIssuance:
    """One that also makes CRLs of CA certificates."""
    return issuance_of(database, clock, one_key, outlet, settings=CrlSettings(ca=True))


@pytest.fixture
def schedule(
    database: Database,
    clock: FakeClock,
    book: ScheduleBook,
    issuance: CrlIssuance,
    outlet: DirectoryOutlet,
    settings: PublisherSettings,
) -> Publisher:
    """A publisher that has the lease."""
    lease = KeptLease(name="crl-publisher", database=database, clock=clock, length=settings.lease)
    return publisher_of(
        database, clock, book, issuance, outlet, settings=settings, lease=lease, monotonic=count(0.0, 100.0).__next__
    )


def answers(database: Database, *asked: int) -> list[dict[str, object] | None]:
    """What each request got."""
    with database.read() as connection:
        return [requests.answer_to(connection, each) for each in asked]


def test_each_request_gets_the_crl_of_its_scope(
    schedule: Publisher, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """Of these alone; one for all that is due waits for the next look."""
    schedule.poll()
    with database.write() as connection:
        ordinary = requests.ask(connection, issuer, clock)
        named = [requests.ask(connection, issuer, clock, scope=scope) for scope in (CA, FULL, CA)]

    schedule.poll()

    given = answers(database, ordinary, *named)
    assert given[0] is None
    assert [each and each["scope"] for each in given[1:]] == ["ca", "full", "ca"]
    with database.read() as connection:
        last = {scope.name: last_published(connection, issuer, scope) for scope in (CA, FULL)}
        assert [each.id for each in requests.waiting(connection, issuer)] == [ordinary]
    numbers = {name: crl.number for name, crl in last.items() if crl is not None}
    assert [each and each["number"] for each in given[1:]] == [numbers["ca"], numbers["full"], numbers["ca"]]

    schedule.poll()
    (later,) = answers(database, ordinary)
    assert later is not None
    assert int(str(later["number"])) > numbers["full"]


def test_last_crl_and_another_of_one_scope_come_one_after_the_other(
    schedule: Publisher, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """The oldest request first, with all that ask for the same; nothing is promised that cannot come any more."""
    with database.write() as connection:
        before = requests.ask(connection, issuer, clock, scope=CA)
        last = requests.ask(connection, issuer, clock, scope=CA, is_last=True)
        after = requests.ask(connection, issuer, clock, scope=CA)

    for _ in range(3):
        schedule.poll()

    first, final, second = answers(database, before, last, after)
    assert first is not None
    assert final is not None
    assert first == second
    assert final["next_update"] == "9999-12-31T23:59:59Z"
    assert int(str(first["number"])) < int(str(final["number"]))


def test_refused_last_crl_is_its_askers_answer_and_holds_up_nothing(
    schedule: Publisher,
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
    population: Population,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A last CRL while a certificate is good: no pause, no alarm, and the next request is served all the same."""
    population.issue(1)
    with database.write() as connection:
        last = requests.ask(connection, issuer, clock, scope=FULL, is_last=True)
        other = requests.ask(connection, issuer, clock, scope=CA)

    schedule.poll()

    refused, published = answers(database, last, other)
    assert refused is not None
    assert "neither revoked nor expired" in str(refused["error"])
    assert published is not None
    assert published["scope"] == "ca"
    assert "next attempt" not in caplog.text
    schedule.poll()
    with database.read() as connection:
        assert last_published(connection, issuer) is not None


def test_failure_is_the_answer_of_a_named_request(
    schedule: Publisher, database: Database, issuer: Issuer, clock: FakeClock, one_key: OneKey
) -> None:
    """The key is gone: each gets the sentence."""
    schedule.poll()
    one_key.is_missing = True
    with database.write() as connection:
        asked = [requests.ask(connection, issuer, clock, scope=scope) for scope in (CA, FULL)]

    schedule.poll()

    assert answers(database, *asked) == [{"error": "The key of issuing cannot be read."}] * 2


def test_last_crl_is_one_scopes(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """Whoever asks for it says of which."""
    with database.write() as connection, pytest.raises(ValueError, match="one scope"):
        requests.ask(connection, issuer, clock, is_last=True)


def test_publisher_without_the_key_refuses_every_request(
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
    book: ScheduleBook,
    issuance: CrlIssuance,
    outlet: DirectoryOutlet,
) -> None:
    """By scope or not."""
    lease = KeptLease(name="crl-publisher", database=database, clock=clock, length=timedelta(seconds=30))
    publisher = publisher_of(database, clock, book, issuance, outlet, lease=lease, signs=lambda _: False)
    with database.write() as connection:
        asked = [requests.ask(connection, issuer, clock, scope=scope) for scope in (FULL, None)]

    publisher.poll()

    for told in answers(database, *asked):
        assert told is not None
        assert "no key of issuing" in str(told["error"])


def test_unknown_scope_names_those_that_there_are(
    schedule: Publisher, database: Database, issuer: Issuer, clock: FakeClock
) -> None:
    """In one sentence, before it is asked for; and when its part went out of the configuration since."""
    with database.read() as connection, pytest.raises(NotFound, match="there are: full, ca"):
        scope_named(connection, issuer, CrlSettings(ca=True), "users")
    with database.write() as connection:
        asked = requests.ask(connection, issuer, clock, scope=USERS)

    schedule.poll()

    (told,) = answers(database, asked)
    assert told is not None
    assert "there are: full, ca" in str(told["error"])


def test_publisher_publishes_nothing_after_the_last_crl(
    schedule: Publisher,
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
    issuance: CrlIssuance,
    population: Population,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """ETSI EN 319 411-1 CSS-6.3.9-06: neither on its schedule nor for what the journal says still; nor does it try."""
    (serial,) = population.issue_revoked(1)
    schedule.poll()
    with database.write() as connection:
        asked = requests.ask(connection, issuer, clock, scope=FULL, is_last=True)
    schedule.poll()
    (answer,) = answers(database, asked)
    assert answer is not None
    assert answer["next_update"] == "9999-12-31T23:59:59Z"

    clock.advance(3 * DAY)
    population.revoke(serial, reason=RevocationReason.KEY_COMPROMISE)
    for _ in range(3):
        schedule.poll()
        clock.advance(DAY)

    assert "no new CRL" not in caplog.text
    with database.read() as connection:
        last = last_published(connection, issuer)
    assert last is not None
    assert last.number == answer["number"]
    with database.write() as connection:
        again = requests.ask(connection, issuer, clock)
    schedule.poll()
    (others,) = answers(database, again)
    assert others is not None
    assert others["scope"] == "ca"
    with database.write() as connection:
        requests.ask(connection, issuer, clock, scope=CA, is_last=True)
    schedule.poll()
    with database.write() as connection:
        too_late = requests.ask(connection, issuer, clock)
    schedule.poll()
    (refused,) = answers(database, too_late)
    assert refused is not None
    assert "last one" in str(refused["error"])
