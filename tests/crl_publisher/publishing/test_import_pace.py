"""An import of revocations and the publisher: the CRL follows, and an import without a publisher ends all the same."""

from datetime import timedelta
from pathlib import Path

import pytest

from crl_publisher.issuing.issuance import CrlIssuance
from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.importing.importer import Importer
from pki_revocation.importing.pacing import PublisherPace
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.pki_revocation.importing.rows import index_row, write_index

_ROWS, _BATCH = 12, 3
_SLOW = timedelta(seconds=4)


class Waits:
    """Stands for the time that passes: each wait takes as long as it says, and something happens meanwhile."""

    def __init__(self, clock: FakeClock, issuance: CrlIssuance | None, issuer: Issuer) -> None:
        """The *issuance* publishes at each fifth wait; without one there is no publisher."""
        self._clock, self._issuance, self._issuer = clock, issuance, issuer
        self.count, self.covered = 0, list[int]()

    def __call__(self, seconds: float) -> None:
        """Wait."""
        self.count += 1
        self._clock.advance(timedelta(seconds=seconds))
        if self._issuance is not None and self.count % 5 == 0:
            self.covered.append(self._issuance.publish(self._issuer).covers_sequence)


def _import(folder: Path, database: Database, clock: FakeClock, waits: Waits, status: str = "R") -> int:
    """Import rows of an index, each batch of which takes four seconds; give how many went in."""
    revoked = "261101120000Z" if status == "R" else ""
    index = write_index(folder / "index.txt", (index_row(serial, revoked) for serial in range(1, 1 + _ROWS)))
    pace = PublisherPace(database=database, clock=clock, sleep=waits)
    importer = Importer(database=database, clock=clock, audit=AuditTrail(clock), batch_rows=_BATCH, pace=pace)
    return importer.run([index], None, lambda _: clock.advance(_SLOW)).taken


def test_import_waits_for_the_crl(
    tmp_path: Path, database: Database, clock: FakeClock, issuer: Issuer, issuance: CrlIssuance
) -> None:
    """Before each batch the CRL covers what is older than two seconds."""
    issuance.publish(issuer)
    waits = Waits(clock, issuance, issuer)

    assert _import(tmp_path, database, clock, waits) == _ROWS
    assert waits.covered == [3, 6, 9]


def test_import_without_a_publisher_gives_up_waiting_once(
    tmp_path: Path,
    database: Database,
    clock: FakeClock,
    issuer: Issuer,
    issuance: CrlIssuance,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """There are CRLs, and none comes any more: that is said, and costs a quarter of a minute and not one a batch."""
    issuance.publish(issuer)
    waits = Waits(clock, None, issuer)

    assert _import(tmp_path, database, clock, waits) == _ROWS
    assert waits.count == 150
    assert caplog.text.count("the import goes on without waiting") == 1


@pytest.mark.parametrize("status", ["V", "R"])
def test_nothing_waits_that_no_crl_is_behind_with(
    tmp_path: Path, database: Database, clock: FakeClock, issuer: Issuer, issuance: CrlIssuance, status: str
) -> None:
    """Live certificates are on no CRL, and where there is no CRL yet none can follow."""
    if status == "V":
        issuance.publish(issuer)
    waits = Waits(clock, None, issuer)

    assert _import(tmp_path, database, clock, waits, status) == _ROWS
    assert waits.count == 0
