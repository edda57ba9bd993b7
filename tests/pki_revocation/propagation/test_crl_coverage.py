"""Since when a revocation is on which CRL, by the record of what was published."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, crls
from pki_revocation.model import Issuer, JournalEntry
from pki_revocation.propagation.crl_coverage import CrlCoverage, crl_coverage
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.population import Population
from tests.fakes import FakeClock

MINUTE = timedelta(minutes=1)


@pytest.fixture
def population(database: Database, issuer: Issuer, clock: FakeClock) -> Population:
    """The issuer's certificates."""
    return Population(database, issuer, clock)


@pytest.fixture
def entry(population: Population, clock: FakeClock) -> JournalEntry:
    """The second revocation of the journal."""
    population.issue_revoked(1)
    clock.advance(MINUTE)
    (entry,) = population.revoke(*population.issue())
    return entry


def publish(  # the record's columns
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
    number: int,
    covers: int,
    *,
    scope: str = "full",
    base: int | None = None,
    is_public: bool = True,
) -> None:
    """Record a CRL, a minute after the one before."""
    clock.advance(MINUTE)
    with database.write() as connection:
        connection.execute(
            insert(crls).values(
                issuer_id=issuer.id,
                scope=scope,
                number=number,
                base_number=base,
                reserved_at=clock.now(),
                covers_sequence=covers,
                published_at=clock.now() if is_public else None,
            )
        )


def found(database: Database, entry: JournalEntry) -> tuple[CrlCoverage, ...]:
    """What is said of it."""
    with database.read() as connection:
        return crl_coverage(connection, entry)


def test_first_published_crl_that_reaches_it_counts(
    database: Database, issuer: Issuer, clock: FakeClock, entry: JournalEntry
) -> None:
    """Not an earlier one, none that was only reserved, and no later one; large numbers are in order."""
    publish(database, issuer, clock, 9, covers=1)
    publish(database, issuer, clock, 10, covers=2, is_public=False)
    publish(database, issuer, clock, 1 << 130, covers=2)
    since = clock.now()
    publish(database, issuer, clock, (1 << 130) + 1, covers=3)

    (only,) = found(database, entry)

    assert only == CrlCoverage(scope="full", number=1 << 130, since=since)
    assert str(only) == f"in CRL {1 << 130} since 2026-11-23T14:07:22Z"
    assert only.as_json() == {"scope": "full", "number": 1 << 130, "since": "2026-11-23T14:07:22Z", "delta": False}


def test_what_no_crl_covers_yet_is_said(
    database: Database, issuer: Issuer, clock: FakeClock, entry: JournalEntry
) -> None:
    """Also when none was ever published."""
    assert [str(each) for each in found(database, entry)] == ["not in a published CRL yet"]
    publish(database, issuer, clock, 9, covers=1)
    (only,) = found(database, entry)
    assert only.as_json() == {"scope": "full", "number": None, "since": None, "delta": False}


def test_parts_are_those_that_the_certificate_belongs_to(
    database: Database, issuer: Issuer, clock: FakeClock, entry: JournalEntry
) -> None:
    """Its shard and no other; users' or CAs'."""
    with database.write() as connection:
        connection.execute(update(certificates).where(certificates.c.serial == entry.serial).values(shard=7))
    for number, scope in enumerate(("full", "shard-1", "shard-7", "ca", "users"), start=1):
        publish(database, issuer, clock, number, covers=2 if scope != "users" else 1, scope=scope)

    assert [str(each) for each in found(database, entry)] == [
        "in CRL 1 since 2026-11-23T14:05:22Z",
        "in shard-7 CRL 3 since 2026-11-23T14:07:22Z",
        "not in a published users CRL yet",
    ]


def test_delta_that_lists_it_first_is_said(
    database: Database, issuer: Issuer, clock: FakeClock, entry: JournalEntry
) -> None:
    """A delta to a base that has it lists nothing of it; one beside the complete CRL says nothing more."""
    publish(database, issuer, clock, 1, covers=1)
    publish(database, issuer, clock, 2, covers=2, scope="full-delta", base=1)
    assert [str(each) for each in found(database, entry)] == ["in delta CRL 2 since 2026-11-23T14:06:22Z"]
    publish(database, issuer, clock, 3, covers=2)
    assert [str(each) for each in found(database, entry)] == ["in delta CRL 2 since 2026-11-23T14:06:22Z"]


def test_delta_beside_the_complete_crl_is_not_said(
    database: Database, issuer: Issuer, clock: FakeClock, entry: JournalEntry
) -> None:
    """They share their number."""
    publish(database, issuer, clock, 1, covers=1)
    publish(database, issuer, clock, 2, covers=2)
    publish(database, issuer, clock, 2, covers=2, scope="full-delta", base=1)
    publish(database, issuer, clock, 3, covers=3, scope="full-delta", base=2)

    (only,) = found(database, entry)

    assert (only.number, only.in_delta) == (2, False)


def test_raise_has_a_coverage_of_its_own(
    database: Database, issuer: Issuer, clock: FakeClock, entry: JournalEntry, population: Population
) -> None:
    """The revocation was on a CRL before the reason that it has now."""
    publish(database, issuer, clock, 1, covers=2)
    (raised,) = population.revoke(entry.serial, reason=RevocationReason.KEY_COMPROMISE)

    assert [each.number for each in (*found(database, entry), *found(database, raised))] == [1, None]
    publish(database, issuer, clock, 2, covers=3)
    assert [each.number for each in (*found(database, entry), *found(database, raised))] == [1, 2]
