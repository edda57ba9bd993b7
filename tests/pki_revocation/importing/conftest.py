"""The importer on the test's database and clock, in batches small enough that several are needed."""

import pytest

from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.importing.importer import Importer
from pki_revocation.model import Issuer
from tests.fakes import FakeClock


@pytest.fixture
def importer(database: Database, issuer: Issuer, clock: FakeClock) -> Importer:
    """An importer of three rows a batch, on a database with the issuer `issuing`."""
    return Importer(database=database, clock=clock, audit=AuditTrail(clock), batch_rows=3)
