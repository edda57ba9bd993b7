"""The gate asks the certificates themselves: each revocation stands on the CRL that its distribution point names."""

from pathlib import Path

import pytest
from sqlalchemy import update

from crl_publisher.errors import CrlRejected
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.scope import Scope
from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.importing.importer import Importer
from pki_revocation.model import Issuer
from tests.crl_publisher.population import Population
from tests.crl_publisher.publications import crl_at, serials
from tests.crl_publisher.sharded_register import issued, two_shards
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import pem


@pytest.fixture
def shards(database: Database, issuer: Issuer, clock: FakeClock) -> list[Scope]:
    """Two shards of the issuer."""
    return two_shards(database, issuer, clock)


@pytest.fixture
def importer(database: Database, clock: FakeClock) -> Importer:
    """Brings in lists and certificates."""
    return Importer(database=database, clock=clock, audit=AuditTrail(clock))


@pytest.mark.parametrize("wrong", [0, 2])
@pytest.mark.parametrize("is_first", [True, False])
def test_gate_asks_the_certificates_themselves(
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
    authority: CertificateAuthority,
    importer: Importer,
    population: Population,
    issuance: CrlIssuance,
    shards: list[Scope],
    root: Path,
    tmp_path: Path,
    wrong: int,
    *,
    is_first: bool,
) -> None:
    """A register that has a certificate in another shard than it names is found out, and nothing is published."""
    importer.run([issued(tmp_path, authority, clock, shards)])
    if not is_first:
        for shard in shards:
            issuance.publish(issuer, shard)
    with database.write() as connection:
        connection.execute(update(certificates).where(certificates.c.serial == 0x11).values(shard=wrong))
    population.revoke(0x11)

    with pytest.raises(CrlRejected, match=r"crl.entry.other-shard.*11 names shard 1"):
        issuance.publish(issuer, shards[0])
    if wrong:
        with pytest.raises(CrlRejected, match=r"crl.entry.other-shard"):
            issuance.publish(issuer, shards[1])
    assert (root / shards[0].path(issuer)).exists() is not is_first

    # The way out that the sentence names.
    assert importer.run([tmp_path / "issued.pem"]).completed == 1
    issuance.publish(issuer, shards[0])
    assert serials(crl_at(root, issuer, shards[0])) == {0x11}


def test_what_names_another_address_or_none_is_no_matter(
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
    authority: CertificateAuthority,
    importer: Importer,
    population: Population,
    issuance: CrlIssuance,
    shards: list[Scope],
    root: Path,
    tmp_path: Path,
) -> None:
    """An address that only begins alike, or that stands elsewhere in the certificate, is none of a shard's."""
    near = f"{shards[0].url}?x"
    (tmp_path / "near.pem").write_bytes(pem(authority.issue("Zorg BV", clock.now(), serial=0x44, crl_url=near)))
    importer.run([tmp_path / "near.pem", issued(tmp_path, authority, clock, shards)])
    # Of a row without its certificate, the register's word is all there is.
    population.issue(serials=[0x55], shard=1)
    population.revoke(0x11, 0x33, 0x44, 0x55)

    for shard in shards:
        issuance.publish(issuer, shard)

    assert [serials(crl_at(root, issuer, shard)) for shard in shards] == [{0x11, 0x55}, set()]
