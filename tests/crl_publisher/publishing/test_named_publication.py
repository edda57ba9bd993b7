"""Requests for one scope's CRL, or for a CA's last one, and the publisher that stops after it."""

from datetime import timedelta
from itertools import count

import pytest

from crl_publisher.config import CrlSettings, PublisherSettings
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.published import last_published
from crl_publisher.publishing import requests
from crl_publisher.publishing.named_publication import publish_named, refuse_named, scope_named
from crl_publisher.publishing.publisher import Publisher
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scope import CA, FULL
from pki_revocation.database.engine import Database
from pki_revocation.errors import NotFound
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import issuance_of, publisher_of
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
    made = publisher_of(
        database, clock, book, issuance, outlet, settings=settings, monotonic=count(0.0, 100.0).__next__
    )
    made.renew()
    return made


def answers(database: Database, *asked: int) -> list[dict[str, object] | None]:
    """What each request got."""
    with database.read() as connection:
        return [requests.answer_to(connection, each) for each in asked]


def test_each_request_gets_its_own_crl(
    database: Database, issuer: Issuer, clock: FakeClock, issuance: CrlIssuance
) -> None:
    """And an ordinary one waits for the schedule."""
    with database.write() as connection:
        ordinary = requests.ask(connection, issuer, clock)
        named = [requests.ask(connection, issuer, clock, scope=scope) for scope in (CA, FULL)]

    published = publish_named(database, issuance, issuer)

    assert [each.scope for each in published] == ["ca", "full"]
    given = answers(database, ordinary, *named)
    assert given[0] is None
    assert [each and each["number"] for each in given[1:]] == [each.number for each in published]
    with database.read() as connection:
        assert requests.waiting(connection, issuer) == (ordinary,)
        assert requests.waiting_by_name(connection, issuer) == ()


def test_failure_is_the_answer_and_holds_up_nothing(
    database: Database, issuer: Issuer, clock: FakeClock, issuance: CrlIssuance, population: Population
) -> None:
    """A last CRL while a certificate is good; the next request is served all the same."""
    population.issue(1)
    with database.write() as connection:
        last = requests.ask(connection, issuer, clock, scope=FULL, is_last=True)
        other = requests.ask(connection, issuer, clock, scope=CA)

    publish_named(database, issuance, issuer)

    refused, published = answers(database, last, other)
    assert refused is not None
    assert "neither revoked nor expired" in str(refused["error"])
    assert published is not None
    assert published["scope"] == "ca"


def test_last_crl_is_one_scopes(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """Whoever asks for it says of which."""
    with database.write() as connection, pytest.raises(ValueError, match="one scope"):
        requests.ask(connection, issuer, clock, is_last=True)


def test_refusal_reaches_whoever_asked_by_name(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """A publisher without the key."""
    with database.write() as connection:
        asked = requests.ask(connection, issuer, clock, scope=FULL)

    refuse_named(database, issuer, "No key.")

    assert answers(database, asked) == [{"error": "No key."}]


def test_unknown_scope_names_those_that_there_are(database: Database, issuer: Issuer, issuance: CrlIssuance) -> None:
    """In one sentence."""
    with database.read() as connection, pytest.raises(NotFound, match="there are: full, ca"):
        scope_named(connection, issuance, issuer, "users")


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
