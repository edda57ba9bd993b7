"""A certificate that comes after its revocation takes it to the CRL that its own distribution point names."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.publishing import requests
from crl_publisher.scope import Scope
from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.importing.importer import Importer
from pki_revocation.model import Issuer
from tests.crl_publisher.publications import crl_at, serials
from tests.crl_publisher.sharded_register import SERIALS, issued, two_shards
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import index_row, write_index

DATE = "260102030405Z,superseded"


@pytest.fixture
def shards(database: Database, issuer: Issuer, clock: FakeClock) -> list[Scope]:
    """Two shards of the issuer."""
    return two_shards(database, issuer, clock)


@pytest.fixture
def importer(database: Database, clock: FakeClock) -> Importer:
    """Brings in lists and certificates."""
    return Importer(database=database, clock=clock, audit=AuditTrail(clock))


def test_entries_follow_their_certificates(
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
    authority: CertificateAuthority,
    importer: Importer,
    issuance: CrlIssuance,
    shards: list[Scope],
    root: Path,
    tmp_path: Path,
) -> None:
    """The index was imported and published alone; with the certificates each shard gets its own, and is asked for."""
    importer.run([write_index(tmp_path / "index.txt", [index_row(serial, DATE) for serial in SERIALS])])
    for scope in (None, *shards):
        issuance.publish(issuer, *(() if scope is None else (scope,)))
    assert [len(crl_at(root, issuer, shard)) for shard in shards] == [0, 0]

    report = importer.run([issued(tmp_path, authority, clock, shards)])

    assert (report.completed, report.refused) == (3, {})
    with database.read() as connection:
        # No row of the journal is new: the publisher hears of it in this way.
        assert [each.scope for each in requests.waiting(connection, issuer)] == [None]
    for scope in (*shards, None):
        issuance.publish(issuer, *(() if scope is None else (scope,)))
    assert [serials(crl_at(root, issuer, shard)) for shard in shards] == [{0x11}, {0x22}]
    assert serials(crl_at(root, issuer)) == set(SERIALS)


def test_what_comes_together_is_placed_at_once(
    issuer: Issuer,
    clock: FakeClock,
    authority: CertificateAuthority,
    importer: Importer,
    issuance: CrlIssuance,
    shards: list[Scope],
    root: Path,
    tmp_path: Path,
) -> None:
    """The operations engineer's case: the index and the certificates in one command, live ones revoked later."""
    index = write_index(tmp_path / "index.txt", [index_row(0x11), index_row(0x22, DATE)])

    importer.run([index, issued(tmp_path, authority, clock, shards)])
    importer.run([write_index(tmp_path / "index.txt", [index_row(0x11, DATE)])])

    for shard in shards:
        issuance.publish(issuer, shard)
    assert [serials(crl_at(root, issuer, shard)) for shard in shards] == [{0x11}, {0x22}]


def test_list_does_not_take_a_certificate_out_of_its_shard(
    database: Database, issuer: Issuer, importer: Importer, shards: list[Scope], tmp_path: Path
) -> None:
    """A list says nothing of shards: what a CRL's own evidence told of one stays."""
    importer.run([write_index(tmp_path / "index.txt", [index_row(0x11, DATE, subject="")])])
    with database.write() as connection:
        connection.execute(update(certificates).values(shard=shards[1].shard, subject=""))

    importer.run([write_index(tmp_path / "index.txt", [index_row(0x11, DATE)])])

    with database.read() as connection:
        assert connection.scalars(select(certificates.c.shard)).all() == [2]
