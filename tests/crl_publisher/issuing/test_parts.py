"""CRLs of a part of an issuer's certificates: each revocation on its own and on the complete one, and on no other."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import delete, select, update

from crl_publisher.config import CrlSettings
from crl_publisher.entry_store.selection import uncovered_rows
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.issuing.shards import add_shard
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.public_crl import PublicCrls
from crl_publisher.scope import CA, FULL, USERS, Scope
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, crl_entries, crl_stretches
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import PUBLIC_URL, crl_at, issuance_of, serials
from tests.fakes import FakeClock

DAY = timedelta(days=1)


@pytest.fixture
def shards(database: Database, issuer: Issuer, clock: FakeClock) -> list[Scope]:
    """Two of them."""
    with database.write() as connection:
        return [add_shard(connection, issuer, clock, PUBLIC_URL)[0] for _ in range(2)]


def point_of(root: Path, issuer: Issuer, scope: Scope) -> x509.Extension[x509.IssuingDistributionPoint]:
    """What a CRL says of its scope."""
    return crl_at(root, issuer, scope).extensions.get_extension_for_class(x509.IssuingDistributionPoint)


def test_revocation_is_on_its_shard_and_on_the_complete_crl(
    issuance: CrlIssuance, issuer: Issuer, population: Population, shards: list[Scope], root: Path
) -> None:
    """And on no other shard; the shards and what names none are together the complete CRL (BR 7.2)."""
    named = {scope: population.issue(3, shard=scope.shard) for scope in shards}
    unnamed = population.issue(2)
    revoked = {scope: serials[:2] for scope, serials in named.items()}
    population.revoke(*unnamed[:1], *(serial for each in revoked.values() for serial in each))

    for scope in (FULL, *shards):
        issuance.publish(issuer, scope)

    for scope in shards:
        assert serials(crl_at(root, issuer, scope)) == set(revoked[scope])
    together = set().union(*(serials(crl_at(root, issuer, scope)) for scope in shards))
    assert serials(crl_at(root, issuer)) == together | set(unnamed[:1])
    assert len(crl_at(root, issuer)) == 5


def test_shard_says_so_and_the_complete_crl_says_nothing(
    issuance: CrlIssuance, issuer: Issuer, shards: list[Scope], root: Path
) -> None:
    """A critical distribution point that is the certificates' own address; none on the complete CRL (BR 7.2.2.1)."""
    for scope in (FULL, *shards):
        issuance.publish(issuer, scope)

    for scope in shards:
        point = point_of(root, issuer, scope)
        assert point.critical
        assert point.value.full_name == [x509.UniformResourceIdentifier(scope.url)]
    with pytest.raises(x509.ExtensionNotFound):
        point_of(root, issuer, FULL)


def test_ca_and_user_crls_share_the_complete_one(
    database: Database,
    clock: FakeClock,
    one_key: OneKey,
    outlet: DirectoryOutlet,
    issuer: Issuer,
    population: Population,
    root: Path,
) -> None:
    """Each says what it contains, critically, and contains no other (RFC 5280 section 5.2.5)."""
    authority, user = population.issue(is_ca=True), population.issue()
    population.revoke(*authority, reason=RevocationReason.CA_COMPROMISE)
    population.revoke(*user)
    issuance = issuance_of(database, clock, one_key, outlet, settings=CrlSettings(ca=True, users=True))
    with database.read() as connection:
        scopes = issuance.scopes(connection, issuer)
    for scope in scopes:
        issuance.publish(issuer, scope)

    assert scopes == (FULL, CA, USERS)
    assert serials(crl_at(root, issuer, CA)) == set(authority)
    assert serials(crl_at(root, issuer, USERS)) == set(user)
    assert serials(crl_at(root, issuer)) == {*authority, *user}
    assert point_of(root, issuer, CA).value.only_contains_ca_certs
    assert point_of(root, issuer, USERS).value.only_contains_user_certs
    assert point_of(root, issuer, CA).critical
    assert point_of(root, issuer, USERS).critical


def test_scopes_have_numbers_and_records_of_their_own(
    issuance: CrlIssuance,
    issuer: Issuer,
    population: Population,
    shards: list[Scope],
    database: Database,
    outlet: DirectoryOutlet,
) -> None:
    """What one scope publishes neither moves nor covers another's (RFC 5280 section 5.2.3)."""
    population.issue_revoked(1)
    full = issuance.publish(issuer)
    issuance.publish(issuer)
    shard = issuance.publish(issuer, shards[0])

    assert (full.scope, shard.scope) == ("full", "shard-1")
    assert shard.number == full.number
    assert shard.entries == 0
    public = PublicCrls(outlet, database)
    assert [public.state(issuer, scope).is_there for scope in shards] == [True, False]
    with database.read() as connection:
        assert [uncovered_rows(connection, issuer, scope, 0).count for scope in (FULL, *shards)] == [1, 0, 0]


@pytest.mark.parametrize("part", ["ca", "users", "shard"])
def test_scope_is_touched_by_its_own_revocations_alone(
    part: str, issuer: Issuer, population: Population, shards: list[Scope], database: Database
) -> None:
    """So that a revocation brings a new CRL of its shard, and not of a hundred others."""
    scope = {"ca": CA, "users": USERS, "shard": shards[1]}[part]
    (own,) = population.issue(is_ca=part == "ca", shard=2 if part == "shard" else 0)
    (other,) = population.issue(is_ca=part != "ca", shard=1)
    population.revoke(other)

    def has_changes(after: int) -> bool:
        with database.read() as connection:
            return uncovered_rows(connection, issuer, scope, after).count > 0

    assert not has_changes(0)
    population.revoke(own)
    assert has_changes(1)
    assert not has_changes(2)
    population.revoke(own, reason=RevocationReason.KEY_COMPROMISE)
    assert has_changes(2)


@pytest.mark.parametrize(("place", "finding"), [(0, "crl.entry.missing"), (1, "crl.entry.unknown")])
def test_entry_in_the_wrong_shard_stops_either(
    issuance: CrlIssuance,
    issuer: Issuer,
    population: Population,
    shards: list[Scope],
    database: Database,
    place: int,
    finding: str,
) -> None:
    """The store is not believed about parts either: the register says where a certificate belongs."""
    population.revoke(*population.issue(shard=1))
    issuance.publish(issuer)
    with database.write() as connection:
        connection.execute(update(crl_entries).values(shard=2))
        connection.execute(delete(crl_stretches))

    assert issuance.publish(issuer, shards[place]).entries == (1, 0)[place]

    with database.read() as connection:
        (detail,) = connection.scalars(select(audit.c.detail).where(audit.c.event == "crl.rejected"))
    assert set(json.loads(detail)["findings"]) == {finding}
    assert [issuance.publish(issuer, scope).entries for scope in shards] == [1, 0]


def test_expired_entry_goes_from_each_crl_after_its_own_listing(
    issuance: CrlIssuance, issuer: Issuer, population: Population, shards: list[Scope], clock: FakeClock, root: Path
) -> None:
    """That the complete CRL listed it beyond its validity does not help who reads the shard alone."""
    (short,) = population.issue(lifetime=DAY, shard=1)
    population.revoke(short)
    for scope in (FULL, shards[0]):
        issuance.publish(issuer, scope)
    clock.advance(2 * DAY)
    issuance.publish(issuer)
    clock.advance(DAY)
    issuance.publish(issuer)
    issuance.publish(issuer, shards[0])

    assert serials(crl_at(root, issuer)) == set()
    assert serials(crl_at(root, issuer, shards[0])) == {short}
    clock.advance(DAY)
    issuance.publish(issuer, shards[0])
    assert serials(crl_at(root, issuer, shards[0])) == set()
