"""Runs the program again and again without its start-up: each run is forked from a process that has imported it.

A run is a process of its own in all that matters to what it leaves behind: it has its own memory, folder, environment,
files and connections, and can be killed. Starting the program costs half a second of a core, and a run that is forked a
twentieth. How it starts by itself is what `tests/pki_revocation/cli/test_program.py`, the demo and all services show.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NoReturn

_TOP = Path(__file__).parent.parent
# Which the program imports when a command asks for them, and most do.
_ASKED_FOR_LATER = ("alembic.command", "psycopg", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite")
_GROUPS = ("commands", "services", "sections", "checks", "restorations")
# Three descriptors come with the first octets; a command line and an environment follow, and end with a line's end.
_CHUNK = 65536
_FILES = 3
# What a shell or another program starts in place of `pki-revocation`: `-IS` makes it start in a hundredth of a second.
_SHIM = """\
#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
run = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}
socket.send_fds(server, [b" "], [0, 1, 2])
server.sendall(json.dumps(run).encode() + b"\\n")
status = json.loads(server.makefile().readlines()[-1])["status"]
if status < 0:
    os.kill(os.getpid(), -status)
sys.exit(status)
"""


class Run:
    """The program in a process that is forked for it."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path | None = None,
        stdin: int | None = None,
    ) -> None:
        """Start it with these arguments; `end` is to be called in any case.

        Args:
            arguments: without the program's name.
            environment: all of it.
            folder: where it works; here without one.
            stdin: a file to read from; nothing without one.
        """
        self._arguments = list(arguments)
        # Closed by `end`.
        self._output, self._errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(_address())
        asked = {
            "arguments": self._arguments,
            "environment": dict(environment),
            "folder": str(folder or Path.cwd()),
        }
        with Path(os.devnull).open() as nothing:
            files = [nothing.fileno() if stdin is None else stdin, self._output.fileno(), self._errors.fileno()]
            socket.send_fds(self._connection, [b" "], files)
        self._connection.sendall(json.dumps(asked).encode() + b"\n")
        self._answers = self._connection.makefile()
        self.id: int = json.loads(self._answers.readline())["process"]

    def end(self, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
        """Wait for its end, and give what it came to; it is killed when it takes longer than *timeout* seconds."""
        self._connection.settimeout(timeout)
        try:
            status = json.loads(self._answers.readline())["status"]
        finally:
            # The server ends a run that nobody waits for.
            self._answers.close()
            self._connection.close()
        said = []
        for file in (self._output, self._errors):
            file.seek(0)
            said.append(file.read().decode("utf-8", "backslashreplace"))
            file.close()
        return subprocess.CompletedProcess(self._arguments, status, *said)


@cache
def shim_folder() -> Path:
    """A folder with a `pki-revocation` that asks the server: for the head of a shell's PATH."""
    folder = Path(_address()).parent / "bin"
    folder.mkdir()
    shim = folder / "pki-revocation"
    shim.write_text(_SHIM.format(python=sys.executable, address=_address()))
    shim.chmod(0o755)
    return folder


@cache
def _address() -> str:
    """Where the server of this process listens, once it does; it ends with its input, which is ours."""
    folder = tempfile.TemporaryDirectory(prefix="pki-program-")
    atexit.register(folder.cleanup)
    address = str(Path(folder.name, "socket"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.program_server", str(listening.fileno())],
            cwd=_TOP,
            stdin=subprocess.PIPE,
            pass_fds=(listening.fileno(),),
        )
    atexit.register(_end, server)
    return address


def _end(server: "subprocess.Popen[bytes]") -> None:
    if server.stdin is not None:
        server.stdin.close()
    server.wait(10)


class _Server:
    """Forks a run for each connection, and tells it the process and, at its end, the status; negative for a signal."""

    def __init__(self, listening: socket.socket, main: Callable[[], None]) -> None:
        self._main = main
        self._selector = selectors.DefaultSelector()
        self._selector.register(listening, selectors.EVENT_READ, self._take)
        self._selector.register(sys.stdin, selectors.EVENT_READ, sys.exit)
        self._listening = listening

    def serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                key.data()

    def _take(self) -> None:
        connection, _ = self._listening.accept()
        octets, files, *_ = socket.recv_fds(connection, _CHUNK, _FILES)
        while not octets.endswith(b"\n"):
            octets += connection.recv(_CHUNK)
        asked = json.loads(octets)
        # Threads of this process would be missing in what is forked from it.
        if len(list(Path("/proc/self/task").iterdir())) != 1:
            sys.exit("The program server has threads, and can fork nothing.")
        child = os.fork()
        if child == 0:
            self._become(asked, files, connection)
        for file in files:
            os.close(file)
        self._watch(child, connection)

    def _watch(self, child: int, connection: socket.socket) -> None:
        ended = os.pidfd_open(child)

        def tell() -> None:
            _, status = os.waitpid(child, 0)
            for each in (ended, connection):
                self._selector.unregister(each)
            os.close(ended)
            answer = {"status": os.waitstatus_to_exitcode(status)}
            # It may be that it was not waited for.
            with contextlib.suppress(OSError):
                connection.sendall(json.dumps(answer).encode() + b"\n")
            connection.close()

        def end() -> None:
            signal.pidfd_send_signal(ended, signal.SIGKILL)

        connection.sendall(json.dumps({"process": child}).encode() + b"\n")
        self._selector.register(ended, selectors.EVENT_READ, tell)
        # What comes after the request is the connection's end.
        self._selector.register(
            connection, selectors.EVENT_READ, lambda: signal.pidfd_send_signal(ended, signal.SIGKILL)
        )

    def _become(self, asked: dict[str, Any], files: list[int], connection: socket.socket) -> NoReturn:
        """Be the program with these arguments, this environment, folder and files, to its end."""
        status = 1
        try:
            self._selector.close()
            self._listening.close()
            connection.close()
            for number, file in enumerate(files):
                os.dup2(file, number)
                os.close(file)
            # Whether they can seek was found out for other files.
            sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
            sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
            sys.argv = ["pki-revocation", *asked["arguments"]]
            os.environ.clear()
            os.environ.update(asked["environment"])
            os.chdir(asked["folder"])
            self._main()
            status = 0
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException:  # noqa: BLE001 - as the interpreter says it at a program's end
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


def _serve(descriptor: int) -> None:
    for group in _GROUPS:
        for each in entry_points(group=f"pki_revocation.{group}"):
            each.load()
    for module in _ASKED_FOR_LATER:
        importlib.import_module(module)
    from pki_revocation.cli.start import main  # noqa: PLC0415 - the server's alone

    # What a run never touches is not copied for it.
    gc.collect()
    gc.freeze()
    _Server(socket.socket(fileno=descriptor), main).serve()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
