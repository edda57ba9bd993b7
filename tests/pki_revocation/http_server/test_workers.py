"""Worker processes on one socket: replaced when they die, ended in order, and never left behind."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pki_revocation.errors import ConfigurationError
from pki_revocation.http_server.listening import bind
from tests.conformance.wire import Wire, request
from tests.integration.running_demo import environment
from tests.ocsp_responder.installations import free_ports
from tests.pki_revocation.http_server.sleeper import BEGUN_VARIABLE, BROKEN_VARIABLE
from tests.waiting import patience, wait_until

_TOP = Path(__file__).parents[3]
_WAIT_SECONDS = 20


@contextlib.contextmanager
def running(count: int, variables: dict[str, str] | None = None) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """The sleeper with so many workers, all of them answering."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "tests.pki_revocation.http_server.sleeper", str(port), str(count)]
    process = subprocess.Popen(command, cwd=_TOP, env=environment(variables), stdout=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: len(answering(port)) == count, _WAIT_SECONDS, "every worker answering")
        yield process, port
    finally:
        process.terminate()
        process.communicate(timeout=patience(_WAIT_SECONDS))


def answering(port: int) -> set[int]:
    """The process ids that answer, as far as some connections tell."""
    found = set()
    for _ in range(20):
        with contextlib.suppress(OSError), Wire(f"http://127.0.0.1:{port}/") as wire:
            found.add(int(wire.ask("GET", "/").body))
    return found


def test_a_taken_port_is_said_before_anything_starts() -> None:
    """One sentence with the service and the address; no SO_REUSEPORT lets a second one in."""
    (port,) = free_ports(1)
    first = bind("127.0.0.1", port, "ocsp")
    with pytest.raises(
        ConfigurationError, match=rf"^web cannot listen on 127\.0\.0\.1:{port}: Address already in use\.$"
    ):
        bind("127.0.0.1", port, "web")
    first.close()
    bind("127.0.0.1", port, "web").close()


def test_a_killed_worker_is_replaced() -> None:
    """And whoever comes meanwhile is answered by the others, or waits."""
    with running(2) as (process, port):
        before = answering(port)
        os.kill(min(before), signal.SIGKILL)
        for _ in range(50):
            with Wire(f"http://127.0.0.1:{port}/") as wire:
                assert wire.ask("GET", "/").status == 200

        wait_until(lambda: len(answering(port) - {min(before)}) == 2, _WAIT_SECONDS, "a replacement")
        assert max(before) in answering(port)
        assert process.stdout is not None
        assert process.stdout.readline() == f"died {min(before)}\n"


def test_connections_survive_the_only_worker() -> None:
    """Who was waiting in the socket's queue is answered by the next one."""
    with running(1) as (_, port):
        (only,) = answering(port)
        os.kill(only, signal.SIGKILL)
        with Wire(f"http://127.0.0.1:{port}/", timeout=_WAIT_SECONDS) as wire:
            assert int(wire.ask("GET", "/").body) != only


def test_a_service_whose_workers_cannot_start_ends() -> None:
    """Before any has served, with the worker's sentence: its parent looked at nothing that they need."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "tests.pki_revocation.http_server.sleeper", str(port), "2"]
    broken = environment({BROKEN_VARIABLE: "The database is empty: run 'pki-revocation init' first."})
    done = subprocess.run(command, cwd=_TOP, env=broken, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert done.stderr == "The database is empty: run 'pki-revocation init' first.\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_progress_is_finished(number: signal.Signals, tmp_path: Path) -> None:
    """RFC 9112 section 9.6: the last answer says that it is the last; new connections are refused; status 0."""
    begun = tmp_path / "begun"
    with running(2, {BEGUN_VARIABLE: str(begun)}) as (process, port), Wire(f"http://127.0.0.1:{port}/") as wire:
        wire.send(request("GET", "/?1.5"))
        wait_until(begun.exists)
        process.send_signal(number)

        reply = wire.reply()
        assert reply.status == 200
        assert reply.header("Connection") == "close"
        assert wire.is_closed()
        assert process.wait(patience(_WAIT_SECONDS)) == 0
        with pytest.raises(ConnectionRefusedError):
            Wire(f"http://127.0.0.1:{port}/")


def test_workers_end_with_their_parent() -> None:
    """However it ended: nobody serves on without being watched."""
    with running(2) as (process, port):
        workers = [psutil.Process(pid) for pid in answering(port)]
        process.kill()

        assert psutil.wait_procs(workers, patience(_WAIT_SECONDS))[1] == []
