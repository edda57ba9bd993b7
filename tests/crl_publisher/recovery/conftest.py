"""The loss that these tests begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pki_revocation import journal
from pki_revocation.clock import SystemClock
from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from tests.crl_publisher.backups import backup_of, restored
from tests.crl_publisher.installations import install
from tests.crl_publisher.recovery.losses import LOST, Loss, back_date, client_of, revoked_by, run
from tests.pki import CertificateAuthority
from tests.subscribers import enrol


@pytest.fixture
def loss(tmp_path: Path, database: Database, authority: CertificateAuthority, verifier: CodeVerifier) -> Iterator[Loss]:
    """Six certificates and a backup; five are revoked and on a CRL, and the backup is put back."""
    installed = install(tmp_path, database, authority)
    clock = SystemClock()
    several = tuple(
        enrol(database, installed.issuer, authority.issue(f"Zorg {place} BV", clock.now()), clock, verifier)
        for place in range(LOST + 1)
    )
    lost, good = several[:LOST], several[LOST]
    assert run(installed, "crl", "publish").exit_code == 0
    with backup_of(database, tmp_path) as address:
        back_date(database, installed, [each.certificate.serial for each in lost], verifier)
        answers = tuple(revoked_by(client_of(database, verifier), each) for each in lost)
        assert run(installed, "crl", "publish").exit_code == 0
        with database.read() as connection:
            rows = tuple(journal.entries_after(connection, installed.issuer.id, 0))
        with restored(installed, address) as again:
            yield Loss(
                installed=again, subscribers=lost, good=good, rows=rows, answers=answers, verifier=verifier
            )  # fmt: skip
