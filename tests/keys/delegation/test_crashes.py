"""A publisher that dies while it gives a certificate: evidence stays, the next run goes on, and the bound holds."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import Connection, select

from keys.delegation.issuing import MOST_IN_A_DAY
from keys.errors import UnusableKey
from keys.signing_audit import SigningAudit, unfinished
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import delegate_requests
from pki_revocation.host.failpoints import VARIABLE
from tests.fakes import FakeClock
from tests.keys.delegation.scene import Scene


@pytest.fixture
def scene(tmp_path: Path, database: Database, clock: FakeClock) -> Scene:
    """The same, on both databases."""
    return Scene(tmp_path, database, clock)


def _answers(connection: Connection) -> list[tuple[bytes | None, str | None]]:
    columns = (delegate_requests.c.certificate, delegate_requests.c.refusal)
    return [(row.certificate, row.refusal) for row in connection.execute(select(*columns))]


def _publisher_is_killed(scene: Scene, folder: Path) -> None:
    """It is, after it has signed and before it has said so."""
    failpoints = folder / "failpoints"
    failpoints.mkdir(exist_ok=True)
    (failpoints / "delegate.signed").write_text("kill")
    url = scene.database.url.render_as_string(hide_password=False)
    words = [sys.executable, "-m", "tests.keys.delegation.issuing_process", url, str(folder)]
    done = subprocess.run(words, env=os.environ | {VARIABLE: str(failpoints)}, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def test_crash_before_the_grant_leaves_evidence_and_is_made_good(tmp_path: Path, database: Database) -> None:
    """The intent stays without a result, nobody got that certificate, and the next run gives the one that is used."""
    scene = Scene(tmp_path, database, FakeClock(SystemClock().now()))
    scene.renewal.poll()
    _publisher_is_killed(scene, tmp_path)
    with database.read() as connection:
        (left,) = unfinished(connection)
        assert _answers(connection) == [(None, None)]
    assert scene.folder.delegates() == []

    scene.turn()

    with database.read() as connection:
        assert unfinished(connection) == [left]
        ((certificate, refusal),) = _answers(connection)
    assert refusal is None
    assert certificate is not None
    assert x509.load_der_x509_certificate(certificate).serial_number == scene.serial()


def test_crashes_count_for_the_bound(tmp_path: Path, database: Database) -> None:
    """A publisher that dies each time signs no more than it may in a day: what it began may have been signed."""
    scene = Scene(tmp_path, database, FakeClock(SystemClock().now()))
    scene.renewal.poll()
    with database.write() as connection:
        for _ in range(MOST_IN_A_DAY - 1):
            detail = {"issuer": scene.issuer.name, "responder": "one"}
            AuditTrail(scene.clock).record(connection, "delegate.intended", detail)
            AuditTrail(scene.clock).record(connection, "delegate.intended", detail | {"responder": "another"})
    _publisher_is_killed(scene, tmp_path)

    scene.issuing.answer(scene.issuer)

    (why,) = scene.refusals()
    assert f"{MOST_IN_A_DAY} certificates were made for it within a day" in why


def test_uses_that_failed_do_not_count(scene: Scene) -> None:
    """A token that came and went while the CA's key was used costs the responder nothing."""
    signing_audit = SigningAudit(database=scene.database, audit=AuditTrail(scene.clock))
    for _ in range(MOST_IN_A_DAY):
        with pytest.raises(UnusableKey), signing_audit.record("delegate", {"issuer": "issuing", "responder": "one"}):
            raise UnusableKey("gone")
    scene.turn()

    assert scene.refusals() == []
    assert scene.serial()
