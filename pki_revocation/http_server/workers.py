"""All workers of a service: processes that share one listening socket, replaced when they end.

Each is a fresh interpreter, so that no lock of a thread and no connection crosses into it. What waits in the socket's
queue when one is killed is taken by another. The parent watches by heartbeats alone: it knows no database.
"""

import contextlib
import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from pki_revocation.errors import PkiError
from pki_revocation.host.back_off import BackOff

from .heartbeat import HeartbeatMonitor

_log = logging.getLogger(__name__)
# A worker has ten seconds to finish what is in progress, and some to end.
_STOP_SECONDS = 13.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
# One that has lived for so long did not die of its start.
_LONG_LIFE_SECONDS = 10.0
# Starts a worker that says through the pipe with this descriptor, which it inherits, how it is.
Launch = Callable[[int], "subprocess.Popen[bytes]"]


class NotServing(PkiError):
    """No worker answers, or one of them not as it should."""


class WorkersFailed(PkiError):
    """A worker ended before any of them had ever served: the service cannot start as it is."""


@dataclass(frozen=True, slots=True)
class _Worker:
    """A worker: its process, when that was started, the pipe that it writes to, and its heartbeat."""

    process: "subprocess.Popen[bytes]"
    born: float
    pipe: int
    pulse: HeartbeatMonitor


class Workers:
    """The worker processes of a service, kept up in number until SIGTERM or SIGINT."""

    def __init__(self, count: int, launch: Launch, *, died: Callable[[int], None]) -> None:
        """Start nothing yet.

        Args:
            count: how many.
            launch: starts one, which serves until SIGTERM.
            died: is told the process id of each worker that has ended.
        """
        self._launch = launch
        self._died = died
        # By the pipe that each writes to, which ends with it.
        self._workers: dict[int, _Worker] = {}
        self._starts = [time.monotonic()] * count
        self._pauses = BackOff(first=_FIRST_PAUSE, longest=_LONGEST_PAUSE, lived_well=_LONG_LIFE_SECONDS)
        self._have_served = False
        self._stopping = False
        self._woken, self._waking = os.pipe()

    def run(self) -> None:
        """Start them, keep up their number, and end them all when a signal asks for it; once, from the main thread.

        Raises:
            WorkersFailed: when one ended before any had served; the others have been ended.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        try:
            while not self._stopping:
                self._start_due()
                self._wait()
        finally:
            self._stop()

    def check(self) -> None:
        """Whether clients are served; may be called in any thread.

        Raises:
            NotServing: when no worker is alive and has started, or one that is has a trouble.
        """
        serving = [worker.pulse for worker in list(self._workers.values()) if worker.pulse.serves]
        if not serving:
            raise NotServing("No worker is serving: they are starting, or cannot start; the log says why.")
        for pulse in serving:
            if pulse.trouble is not None:
                raise NotServing(pulse.trouble)

    def _ask_to_stop(self, *_: object) -> None:
        self._stopping = True
        # A second signal may come when all is closed.
        with contextlib.suppress(OSError):
            os.write(self._waking, b".")

    def _start_due(self) -> None:
        now = time.monotonic()
        due = [each for each in self._starts if each <= now]
        self._starts = [each for each in self._starts if each > now]
        for _ in due:
            reading, writing = os.pipe()
            try:
                process = self._launch(writing)
            finally:
                # The worker's own copy is the only one: the pipe ends with it.
                os.close(writing)
            self._workers[reading] = _Worker(process, now, reading, HeartbeatMonitor())

    def _wait(self) -> None:
        """Until a worker says something or ends, one is to be started, or a signal comes."""
        seconds = max(0.0, min(self._starts) - time.monotonic()) if self._starts else None
        ready, _, _ = select.select([*self._workers, self._woken], [], [], seconds)
        for pipe in self._workers.keys() & ready:
            worker = self._workers[pipe]
            if worker.pulse.listen(pipe):
                self._have_served = self._have_served or worker.pulse.has_served
            else:
                self._replace(worker)

    def _replace(self, worker: _Worker) -> None:
        del self._workers[worker.pipe]
        os.close(worker.pipe)
        status = worker.process.wait()
        self._died(worker.process.pid)
        if self._stopping:
            return
        if not self._have_served:
            why = worker.pulse.last_words or f"A worker ended with status {status} before it served: see the log."
            raise WorkersFailed(why)
        now = time.monotonic()
        pause = self._pauses.ended(now - worker.born)
        why = f": {worker.pulse.last_words}" if worker.pulse.last_words else ""
        _log.error("a worker ended with status %s, and another one starts in %.1f s%s", status, pause, why)
        self._starts.append(now + pause)

    def _stop(self) -> None:
        workers = list(self._workers.values())
        for worker in workers:
            worker.process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for worker in workers:
            try:
                worker.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _log.warning("a worker did not end in %.0f seconds: it is killed", _STOP_SECONDS)
                worker.process.kill()
                worker.process.wait()
            os.close(worker.pipe)
        self._workers.clear()
        os.close(self._woken)
        os.close(self._waking)
