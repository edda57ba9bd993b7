"""The log of refusals: a line for each, as long as they are as many as people send by mistake.

Whoever floods an endpoint would otherwise fill the disk with lines about it. Beyond so many in a minute they are
counted, and the first line of a later minute says how many there were.
"""

import logging
import threading
import time
from collections.abc import Callable

MOST_IN_A_MINUTE = 300
_MINUTE = 60.0


class RefusalLog:
    """Writes to one logger; shared by all threads of a process."""

    def __init__(self, log: logging.Logger, monotonic: Callable[[], float] = time.monotonic) -> None:
        """*monotonic* tells, in seconds, when a minute is over."""
        self._log = log
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._begun = monotonic()
        self._count = 0

    def write(self, line: str, *values: object) -> None:
        """Log a line at INFO, unless too many were logged in this minute."""
        with self._lock:
            now = self._monotonic()
            left_out = 0
            if now - self._begun >= _MINUTE:
                left_out = max(0, self._count - MOST_IN_A_MINUTE)
                self._begun, self._count = now, 0
            self._count += 1
            is_logged = self._count <= MOST_IN_A_MINUTE
        if left_out:
            self._log.warning("%s refusals more were not logged one by one", left_out)
        if is_logged:
            self._log.info(line, *values)
