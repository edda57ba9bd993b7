"""All workers of a service: one listening socket, and processes that share it and are replaced when they die.

The socket is bound without SO_REUSEPORT, so that no second service can take the same port in silence; what waits in
its queue when a worker is killed is taken by another one.
"""

import logging
import multiprocessing
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from pki_revocation.errors import ConfigurationError

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.2
_STOP_SECONDS = 15.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
# Who has lived for so long did not die of its start.
_LONG_LIFE_SECONDS = 10.0
_BACKLOG = 1024
Work = Callable[[socket.socket], None]


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
    """So many processes, until `request_stop`."""

    def __init__(self, count: int, work: Work, listening: socket.socket, *, died: Callable[[int], None]) -> None:
        """Start nothing yet.

        Args:
            count: how many.
            work: a picklable function that serves on the socket until SIGTERM; called in each process.
            listening: the socket.
            died: is told the process id of each worker that has ended.
        """
        self._count = count
        self._work = work
        self._listening = listening
        self._died = died
        # A forked worker would share this process's threads' locks; a spawned one starts clean.
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[int, tuple[BaseProcess, float]] = {}
        self._pause = _FIRST_PAUSE
        self._stopping = threading.Event()

    def run(self) -> None:
        """Start them, keep up their number, and end them all when that is asked for."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.request_stop())
        for _ in range(self._count):
            self._start()
        try:
            while not self._stopping.is_set():
                self._replace(self._ended(_POLL_SECONDS))
        finally:
            self._stop()

    def request_stop(self) -> None:
        """End `run`; safe to call from a signal handler."""
        self._stopping.set()

    def _start(self) -> None:
        process = self._context.Process(target=self._work, args=(self._listening,))
        process.start()
        self._processes[process.sentinel] = (process, time.monotonic())

    def _ended(self, seconds: float) -> Sequence[int]:
        return [each for each in wait(list(self._processes), seconds) if isinstance(each, int)]

    def _replace(self, sentinels: Sequence[int]) -> None:
        for sentinel in sentinels:
            process, born = self._processes.pop(sentinel)
            process.join()
            self._died(process.pid or 0)
            if self._stopping.is_set():
                return
            if time.monotonic() - born > _LONG_LIFE_SECONDS:
                self._pause = _FIRST_PAUSE
            _log.error("a worker ended with status %s: starting another one in %.1f s", process.exitcode, self._pause)
            self._stopping.wait(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self._start()

    def _stop(self) -> None:
        for process, _ in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process, _ in self._processes.values():
            process.join(max(0.1, deadline - time.monotonic()))
            if process.is_alive():
                _log.warning("a worker did not end in %.0f seconds: killing it", _STOP_SECONDS)
                process.kill()
                process.join()
        self._processes.clear()
        self._listening.close()
