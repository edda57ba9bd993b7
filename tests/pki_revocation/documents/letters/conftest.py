"""Who makes letters here, and certificates that wait for one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from pki_revocation.audit import AuditTrail
from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.documents.letters.maker import LetterMaker
from pki_revocation.importing.importer import Importer
from pki_revocation.model import IssuedCertificate, Issuer
from pki_revocation.register.certificates import as_certificate
from pki_revocation.subscribers.languages import Language
from tests.fakes import FakeClock
from tests.pki_revocation.importing.rows import write_index


@pytest.fixture
def maker(database: Database, clock: FakeClock, verifier: CodeVerifier) -> LetterMaker:
    """A maker of Dutch letters."""
    return LetterMaker(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        verifier=verifier,
        public_url="https://intrekken.example",
        language=Language.DUTCH,
    )


@pytest.fixture
def registered(
    database: Database, issuer: Issuer, clock: FakeClock, tmp_path: Path
) -> Callable[..., list[IssuedCertificate]]:
    """Registers index rows and gives their certificates, in the order of their serials."""

    def put_in(*rows: str) -> list[IssuedCertificate]:
        index = write_index(tmp_path / "index.txt", rows)
        Importer(database=database, clock=clock, audit=AuditTrail(clock)).run([index])
        with database.read() as connection:
            found = connection.execute(select(certificates).order_by(certificates.c.serial))
            return [as_certificate(row) for row in found]

    return put_in
