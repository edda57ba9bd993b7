"""Delta CRLs: what changed since a base; both together are the complete CRL (RFC 5280 section 5.2.4)."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.published import PublishedCrl, last_published, published
from crl_publisher.scope import FULL, Part, Scope
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crl_shards
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import PUBLIC_URL, crl_at, issuance_of, serials, with_deltas
from tests.fakes import FakeClock

DELTA = FULL.delta
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def issuance(database: Database, clock: FakeClock, one_key: OneKey, outlet: DirectoryOutlet) -> CrlIssuance:
    """Publishes complete CRLs with deltas."""
    return issuance_of(database, clock, one_key, outlet, timings=with_deltas())


def last_delta(database: Database, issuer: Issuer, scope: Scope = FULL) -> PublishedCrl:
    """The last one that was published."""
    with database.read() as connection:
        found = last_published(connection, issuer, scope.delta)
    assert found is not None
    return found


def test_nothing_is_published_before_there_is_a_base(issuance: CrlIssuance, issuer: Issuer, root: Path) -> None:
    """Neither alone, nor beside the first complete CRL: only an older one can be combined with it."""
    assert issuance.publish_delta(issuer) is None
    issuance.publish(issuer)

    assert not (root / DELTA.path(issuer)).exists()
    assert crl_at(root, issuer).base_number is None


def test_freshest_crl_is_in_the_complete_one_alone(issuance: CrlIssuance, issuer: Issuer, root: Path) -> None:
    """The delta's address, in every complete CRL; never in a delta (RFC 5280 section 5.2.6)."""
    for _ in range(2):
        issuance.publish(issuer)
        freshest = crl_at(root, issuer).extensions.get_extension_for_class(x509.FreshestCRL)
        assert [point.full_name for point in freshest.value] == [
            [x509.UniformResourceIdentifier(f"{PUBLIC_URL}/crl/issuing-delta.crl")]
        ]
        assert not freshest.critical

    with pytest.raises(x509.ExtensionNotFound):
        crl_at(root, issuer, DELTA).extensions.get_extension_for_class(x509.FreshestCRL)


def test_without_deltas_nothing_points_to_any(
    database: Database, clock: FakeClock, one_key: OneKey, outlet: DirectoryOutlet, issuer: Issuer, root: Path
) -> None:
    """A schedule without them leaves the complete CRL alone."""
    plain = issuance_of(database, clock, one_key, outlet)
    plain.publish(issuer)
    plain.publish(issuer)

    assert len(crl_at(root, issuer).extensions) == 2
    assert not (root / DELTA.path(issuer)).exists()


def test_delta_beside_a_complete_crl_says_the_same(
    issuance: CrlIssuance, issuer: Issuer, population: Population, root: Path, database: Database, clock: FakeClock
) -> None:
    """Its number, thisUpdate and what it covers are the complete CRL's; with its base it lists what that one lists."""
    old = population.issue_revoked(2)
    first = issuance.publish(issuer)
    base = crl_at(root, issuer)
    clock.advance(HOUR)
    new = population.issue_revoked(3)

    second = issuance.publish(issuer)

    complete, delta, recorded = crl_at(root, issuer), crl_at(root, issuer, DELTA), last_delta(database, issuer)
    assert (delta.number, delta.this_update) == (complete.number, complete.this_update)
    assert (delta.base_number, recorded.base_number) == (first.number, first.number)
    assert recorded.covers_sequence == second.covers_sequence == 5
    assert serials(delta) == set(new)
    assert serials(base) | serials(delta) == serials(complete) == {*old, *new}
    assert delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator).critical
    assert recorded.as_json()["base_number"] == first.number


def test_deltas_and_complete_crls_share_their_numbers(
    issuance: CrlIssuance, issuer: Issuer, database: Database, clock: FakeClock, population: Population
) -> None:
    """Those of one moment have one number, and of two moments two, rising (RFC 5280 section 5.2.3)."""
    numbers = [issuance.publish(issuer).number]
    for step in (timedelta(0), MINUTE, -2 * MINUTE):
        for publish in (issuance.publish_delta, issuance.publish):
            clock.advance(step)
            population.issue_revoked(1)
            made = publish(issuer)
            assert made is not None
            numbers.append(made.number)

    assert numbers == sorted(set(numbers))
    with database.read() as connection:
        complete, deltas = (
            {crl.number for crl in published(connection, issuer, scope, limit=99)} for scope in (FULL, DELTA)
        )
    assert complete | deltas == set(numbers)
    assert len(complete & deltas) == 3


def test_base_has_been_public_for_a_while(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, database: Database
) -> None:
    """The latest that relying parties' caches have had the time to fetch; the first of all where none has."""
    numbers = []
    bases = []
    for _ in range(4):
        numbers.append(issuance.publish(issuer).number)
        clock.advance(20 * MINUTE)
        issuance.publish_delta(issuer)
        bases.append(last_delta(database, issuer).base_number)
        clock.advance(20 * MINUTE)

    # A period of an hour: three quarters of it are not enough.
    assert bases == [numbers[0], numbers[0], numbers[1], numbers[2]]


def test_nothing_revoked_since_the_base_is_an_empty_delta(
    issuance: CrlIssuance, issuer: Issuer, population: Population, root: Path
) -> None:
    """It is published all the same, so that it is fresh; without a list (RFC 5280 section 5.1.2.6)."""
    population.issue_revoked(2)
    issuance.publish(issuer)

    made = issuance.publish_delta(issuer)

    delta = crl_at(root, issuer, DELTA)
    assert made is not None
    assert (made.entries, len(delta), delta.frame.has_list) == (0, 0, False)
    assert len(crl_at(root, issuer)) == 2


def test_raised_reason_is_on_the_delta(
    issuance: CrlIssuance, issuer: Issuer, population: Population, root: Path, clock: FakeClock
) -> None:
    """Every change since the base is listed: the entry with its new reason takes the old one's place."""
    serial, _ = population.issue_revoked(2)
    issuance.publish(issuer)
    clock.advance(MINUTE)
    population.revoke(serial, reason=RevocationReason.KEY_COMPROMISE)

    issuance.publish_delta(issuer)

    (found,) = crl_at(root, issuer, DELTA).entries()
    assert int.from_bytes(found.serial) == serial
    assert found.reason is RevocationReason.KEY_COMPROMISE


def test_what_expires_meanwhile_stays_on_deltas_until_a_complete_crl_has_it(
    issuance: CrlIssuance, issuer: Issuer, population: Population, clock: FakeClock, root: Path, database: Database
) -> None:
    """The re-listing rule: with any base that it may be combined with, no delta leaves a revocation out too early.

    A certificate is revoked and expires between two complete CRLs: it is on every delta until it was on one of them.
    """
    completes: dict[int, tuple[set[int], int]] = {}
    short: list[int] = []
    checked = listed_on_delta = 0
    for step in range(24):
        if step % 4 == 1:
            (serial,) = population.issue(lifetime=5 * MINUTE)
            population.revoke(serial)
            short.append(serial)
        if step % 4 == 3:
            made = issuance.publish(issuer)
            completes[made.number] = (serials(crl_at(root, issuer)), made.covers_sequence)
        else:
            issuance.publish_delta(issuer)
        clock.advance(10 * MINUTE)
        if not completes or not (root / DELTA.path(issuer)).exists():
            continue
        delta, record = crl_at(root, issuer, DELTA), last_delta(database, issuer)
        assert record.base_number is not None
        assert delta.number is not None
        for number, (held, _) in completes.items():
            if record.base_number <= number < delta.number:
                # All that was revoked, but what a complete CRL up to this one has listed already.
                before = set().union(*(each for other, (each, _) in completes.items() if other < number))
                assert set(short[: record.covers_sequence]) - before <= held | serials(delta)
                checked += 1
        listed_on_delta += len(serials(delta))

    assert checked > 20
    assert listed_on_delta > 10


def test_delta_of_a_shard_has_the_shards_distribution_point(
    issuance: CrlIssuance, issuer: Issuer, population: Population, root: Path, database: Database, clock: FakeClock
) -> None:
    """The same scope as its base, and nothing of another one (RFC 5280 section 5.2.4)."""
    scope = Scope(Part.SHARD, shard=1, url=f"{PUBLIC_URL}/crl/issuing/1.crl")
    with database.write() as connection:
        connection.execute(
            crl_shards.insert().values(issuer_id=issuer.id, shard=1, url=scope.url, added_at=clock.now())
        )
    base = issuance.publish(issuer, scope)
    clock.advance(MINUTE)
    named = population.issue(shard=1)
    population.revoke(*named, *population.issue())

    issuance.publish_delta(issuer, scope)

    delta = crl_at(root, issuer, scope.delta)
    point = delta.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert point == crl_at(root, issuer, scope).extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert delta.base_number == base.number
    assert serials(delta) == set(named)
