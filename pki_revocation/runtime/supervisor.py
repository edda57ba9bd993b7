"""One machine, all services: each in a process of its own, restarted when it ends, ended together.

The children share a process group that is not the terminal's, so that Ctrl-C reaches the supervisor alone and the
children end in order; whatever is left of the group after that is killed.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from pki_revocation.errors import PkiError

_log = logging.getLogger(__name__)
SUPERVISOR_VARIABLE = "PKI_REVOCATION_SUPERVISOR"
_STOP_SECONDS = 15
_POLL_SECONDS = 0.2
_RESTART_SECONDS = 1.0
_SHORT_LIFE_SECONDS = 5.0
_SHORT_LIVES_ALLOWED = 5


class ServiceFailed(PkiError):
    """A service ended again and again right after its start."""


class Supervisor:
    """Starts services as child processes and keeps them running until it is stopped."""

    def __init__(self, services: Sequence[tuple[str, Sequence[str]]], *, log: Path | None = None) -> None:
        """*services* are names with arguments of `pki-revocation`; their output goes to *log*, or to this one's."""
        self._services = {name: list(arguments) for name, arguments in services}
        self._log = log
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._born: dict[str, float] = {}
        self._short_lives = dict.fromkeys(self._services, 0)
        self._group = 0
        self._stopping = threading.Event()

    def start(self) -> None:
        """Start every service; what follows is `run` or `stop`."""
        for name in self._services:
            self._spawn(name)

    def run(self) -> None:
        """Keep the services running until `request_stop` is called, then stop them.

        Raises:
            ServiceFailed: when one keeps ending at once; the others are stopped.
        """
        try:
            while not self._stopping.wait(_POLL_SECONDS):
                self.check()
        finally:
            self.stop()

    def request_stop(self) -> None:
        """End `run`; safe to call from a signal handler."""
        self._stopping.set()

    def check(self) -> None:
        """Start again what has ended.

        Raises:
            ServiceFailed: when it ended right after its start too often.
        """
        for name, child in list(self._children.items()):
            code = child.poll()
            if code is None:
                continue
            lived = time.monotonic() - self._born[name]
            self._short_lives[name] = self._short_lives[name] + 1 if lived < _SHORT_LIFE_SECONDS else 0
            if self._short_lives[name] >= _SHORT_LIVES_ALLOWED:
                where = f": see {self._log}" if self._log else ""
                raise ServiceFailed(f"The service {name} does not stay up (exit status {code}){where}.")
            _log.warning("the service %s ended with status %s: starting it again", name, code)
            time.sleep(_RESTART_SECONDS)
            self._spawn(name)

    def stop(self) -> None:
        """End all services: SIGTERM, a while to finish, then SIGKILL for the rest of the group."""
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for child in self._children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _log.warning("a service did not end in %s seconds: killing it", _STOP_SECONDS)
        if self._group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._group, signal.SIGKILL)
            self._group = 0
        for child in self._children.values():
            child.wait()
        self._children.clear()

    def _spawn(self, name: str) -> None:
        environment = os.environ | {SUPERVISOR_VARIABLE: str(os.getpid())}
        command = [sys.executable, "-m", "pki_revocation", *self._services[name]]
        output = None if self._log is None else self._log.open("ab")
        try:
            child = self._spawn_in_group(command, environment, output)
        finally:
            if output is not None:
                output.close()
        self._children[name] = child
        self._born[name] = time.monotonic()

    def _spawn_in_group(
        self, command: list[str], environment: dict[str, str], output: IO[bytes] | None
    ) -> subprocess.Popen[bytes]:
        for group in (self._group, 0):
            try:
                child = subprocess.Popen(  # noqa: S603 - our own program, with arguments of our own
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    process_group=group,
                )
            except (PermissionError, ProcessLookupError):
                continue  # the whole group has ended, and its number is gone: the next child begins a new one
            self._group = group or child.pid
            return child
        raise ServiceFailed(f"{command[3]} cannot be started: the process group is gone.")
