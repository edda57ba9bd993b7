"""How many certificates a shard takes, and when it has no room left."""

from datetime import timedelta
from pathlib import Path

import pytest

from crl_publisher.config import CrlSettings
from crl_publisher.issuing.shards import capacity, shards
from crl_publisher.outlets import DirectoryOutlet
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.issuing.test_shards import added
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import crl_at, issuance_of
from tests.fakes import FakeClock

DAY = timedelta(days=1)


def test_full_shard_stays_within_the_limit(
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
    population: Population,
    one_key: OneKey,
    outlet: DirectoryOutlet,
    root: Path,
) -> None:
    """With as many certificates as fit, serials of 20 octets, all revoked for keyCompromise with a date."""
    limit = 100_000
    ((scope, _),) = added(database, issuer, clock)
    most = capacity(limit)
    population.issue(serials=[(1 << 158) + number for number in range(most)], shard=1)
    population.revoke(
        *((1 << 158) + number for number in range(most)),
        reason=RevocationReason.KEY_COMPROMISE,
        invalidity_date=clock.now() - DAY,
    )
    settings = CrlSettings(size_limit=limit, size_blocks=True)

    made = issuance_of(database, clock, one_key, outlet, settings=settings).publish(issuer, scope)

    assert made.entries == most
    assert limit * 0.8 < made.size <= limit
    assert made.size == len(crl_at(root, issuer, scope).data)


@pytest.mark.parametrize(("size_limit", "expected"), [(10_000, 1), (10_000_000, 123_333)])
def test_capacity_of_the_bounds(size_limit: int, expected: int) -> None:
    """Ten megabytes hold over a hundred thousand certificates; the smallest limit still holds one."""
    assert capacity(size_limit) == expected


def test_room_is_taken_until_the_entry_may_go(
    database: Database, issuer: Issuer, clock: FakeClock, population: Population
) -> None:
    """By certificates that have not expired, revoked or not; and by revoked ones for ever where they stay listed."""
    added(database, issuer, clock, 2)
    short = population.issue(3, lifetime=DAY, shard=1)
    population.issue(2, shard=1)
    population.issue(4)
    population.revoke(*short[:2])

    def named(*, keep_expired: bool) -> list[int]:
        with database.read() as connection:
            found = shards(connection, issuer, clock.now(), 10_000_000, keep_expired=keep_expired)
        return [shard.certificates for shard in found]

    assert named(keep_expired=False) == named(keep_expired=True) == [5, 0]
    clock.advance(2 * DAY)
    assert named(keep_expired=False) == [2, 0]
    assert named(keep_expired=True) == [4, 0]


def test_shard_is_full_at_its_capacity(
    database: Database, issuer: Issuer, clock: FakeClock, population: Population
) -> None:
    """One less, and there is room."""
    added(database, issuer, clock, 1)
    limit = 10_000 + 81 * 3
    for room in (True, True, True, False):
        with database.read() as connection:
            (shard,) = shards(connection, issuer, clock.now(), limit)
        assert (shard.capacity, shard.has_room) == (3, room)
        population.issue(shard=1)
