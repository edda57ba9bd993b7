"""All workers of a service: one listening socket, bound once, and processes that share it, replaced when they end.

The socket is bound without SO_REUSEPORT, so that no second service can take the same port in silence; what waits in
its queue when a worker is killed is taken by another one.
"""

import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from pki_revocation.errors import ConfigurationError, PkiError

from .heartbeat import HeartbeatMonitor

_log = logging.getLogger(__name__)
# A worker has ten seconds to finish what is in progress, and some to end.
_STOP_SECONDS = 13.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
# Who has lived for so long did not die of its start.
_LONG_LIFE_SECONDS = 10.0
_BACKLOG = 1024
Work = Callable[[socket.socket, Connection], None]


class NotServing(PkiError):
    """No worker answers, or one of them not as it should."""


@dataclass(frozen=True, slots=True)
class _Worker:
    """A process, when it was started, and what it says."""

    process: BaseProcess
    born: float
    pulse: HeartbeatMonitor


def bind(host: str, port: int, name: str) -> socket.socket:
    """The listening socket of a service.

    Raises:
        ConfigurationError: naming the service and the address, when it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Only what lingers of an earlier life may be passed over: Linux refuses a second listener all the same.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise ConfigurationError(f"{name} cannot listen on {host}:{port}: {error.strerror or error}.") from error
    return listening


class Workers:
    """So many processes, until SIGTERM or SIGINT."""

    def __init__(self, count: int, work: Work, listening: socket.socket, *, died: Callable[[int], None]) -> None:
        """Start nothing yet.

        Args:
            count: how many.
            work: a picklable function that serves on the socket until SIGTERM, and says so in the pipe (`heartbeat`);
                called in each process.
            listening: the socket.
            died: is told the process id of each worker that has ended.
        """
        self._work = work
        self._listening = listening
        self._died = died
        # A forked worker would share this process's threads' locks; a spawned one starts clean.
        self._context = multiprocessing.get_context("spawn")
        self._workers: dict[int, _Worker] = {}
        self._starts = [time.monotonic()] * count
        self._pause = _FIRST_PAUSE
        self._stopping = False
        self._woken, self._waking = os.pipe()

    def run(self) -> None:
        """Start them, keep up their number, and end them all when a signal asks for it; once, from the main thread."""
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
        os.write(self._waking, b".")

    def _start_due(self) -> None:
        now = time.monotonic()
        due = [each for each in self._starts if each <= now]
        self._starts = [each for each in self._starts if each > now]
        for _ in due:
            reading, writing = self._context.Pipe(duplex=False)
            process = self._context.Process(target=self._work, args=(self._listening, writing))
            process.start()
            # The worker's own copy is the only one: the pipe ends with it.
            writing.close()
            self._workers[process.sentinel] = _Worker(process, now, HeartbeatMonitor(reading))

    def _wait(self) -> None:
        """Until a worker says something or ends, one is to be started, or a signal comes."""
        seconds = max(0.0, min(self._starts) - time.monotonic()) if self._starts else None
        pulses = {each.pulse.pipe: each.pulse for each in self._workers.values() if not each.pulse.pipe.closed}
        ready = wait([*self._workers, *pulses, self._woken], seconds)
        for pipe in pulses.keys() & ready:
            if not pulses[pipe].listen():
                pipe.close()
        for sentinel in self._workers.keys() & ready:
            self._replace(sentinel)

    def _replace(self, sentinel: int) -> None:
        worker = self._workers.pop(sentinel)
        process = worker.process
        process.join()
        worker.pulse.pipe.close()
        self._died(process.pid or 0)
        if self._stopping:
            return
        now = time.monotonic()
        if now - worker.born > _LONG_LIFE_SECONDS:
            self._pause = _FIRST_PAUSE
        _log.error("a worker ended with status %s: another one starts in %.1f s", process.exitcode, self._pause)
        self._starts.append(now + self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _stop(self) -> None:
        processes = [worker.process for worker in self._workers.values()]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process in processes:
            process.join(max(0.1, deadline - time.monotonic()))
            if process.is_alive():
                _log.warning("a worker did not end in %.0f seconds: it is killed", _STOP_SECONDS)
                process.kill()
                process.join()
        self._workers.clear()
        self._listening.close()
        os.close(self._woken)
        os.close(self._waking)
