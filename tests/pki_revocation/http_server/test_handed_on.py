"""A service that is exchanged while clients connect: with a socket that was handed on, none of them is refused."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pki_revocation.errors import ConfigurationError
from pki_revocation.http_server.handed_on import handed_on
from pki_revocation.http_server.listening import bind
from tests.crl_publisher.installations import free_ports, status_of
from tests.waiting import wait_until

# What systemd does before it starts a service's program (sd_listen_fds(3)).
_AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execv(sys.executable, [sys.executable, "-m", "pki_revocation", *sys.argv[2:]])
"""


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """As a .socket unit binds it."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=1024)) as bound:
        yield bound


def _serving(listening: socket.socket, directory: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", _AS_SYSTEMD, str(listening.fileno()), "serve", "distribution"]
    return subprocess.Popen(
        [*command, "--directory", str(directory)], pass_fds=[listening.fileno()], stderr=subprocess.DEVNULL
    )


def test_no_client_is_refused_while_a_service_is_exchanged(listening: socket.socket, tmp_path: Path) -> None:
    """One process ends and the next one starts, as at an upgrade, and each request of a client is answered."""
    port, (operations,) = listening.getsockname()[1], free_ports(1)
    (tmp_path / "published").mkdir()
    (tmp_path / "config.toml").write_text(f"[distribution]\nport = {port}\noperations_port = {operations}\n")
    answers: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.wait(0.02):
            answers.append(status_of(f"http://127.0.0.1:{port}/crl/none.crl"))

    client = threading.Thread(target=ask)
    first = _serving(listening, tmp_path)
    client.start()
    try:
        wait_until(lambda: len(answers) > 2, what="the first answers")
        first.terminate()
        assert first.wait(60) == 0
        gone = len(answers)
        second = _serving(listening, tmp_path)
        try:
            wait_until(lambda: len(answers) > gone + 3, what="answers of the second process")
        finally:
            second.terminate()
            second.wait(60)
    finally:
        stop.set()
        client.join()
        first.kill()
    # The last one may have come when nothing was to follow.
    assert set(answers[:-1]) == {404}


def test_socket_for_another_address_is_refused(listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the service would listen where it is not asked; what is for another process is none of it."""
    port = listening.getsockname()[1]
    (other,) = free_ports(1)
    monkeypatch.setattr("pki_revocation.http_server.handed_on._FIRST", listening.fileno())
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    with pytest.raises(ConfigurationError, match=rf"web is to listen on 127.0.0.1:{other}.* for 127.0.0.1:{port}"):
        bind("127.0.0.1", other, "web")
    taken = handed_on("127.0.0.1", port, "web")
    assert taken is not None
    assert not os.get_inheritable(taken.fileno())
    taken.detach()

    monkeypatch.setenv("LISTEN_PID", "1")
    assert handed_on("127.0.0.1", port, "web") is None


def test_what_is_no_listening_socket_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file, a number that nothing has, and no number: then the service binds a socket of its own."""
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    with (tmp_path / "file").open("w") as file:
        monkeypatch.setattr("pki_revocation.http_server.handed_on._FIRST", file.fileno())
        for count in ("1", "0", "x"):
            monkeypatch.setenv("LISTEN_FDS", count)
            assert handed_on("127.0.0.1", 8460, "web") is None
    with socket.socket(socket.AF_UNIX) as local:
        monkeypatch.setattr("pki_revocation.http_server.handed_on._FIRST", local.fileno())
        monkeypatch.setenv("LISTEN_FDS", "1")
        assert handed_on("127.0.0.1", 8460, "web") is None
