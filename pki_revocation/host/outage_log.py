"""One line in the log when something begins to fail and one when it works again, however many requests meet it.

Requests come by the thousand in a second, and so would the lines. What comes and goes is one outage: it is over when
something works and nothing has failed for a while.
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable

QUIET_SECONDS = 10.0
_log = logging.getLogger(__name__)


class OutageLog:
    """What is failing now, by whatever tells one failure from another; may be used by many threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Nothing fails yet; *monotonic* gives seconds that never go back."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        # How often each has failed, and when it did so last.
        self._failing: dict[Hashable, tuple[int, float]] = {}

    def failed(self, what: Hashable, error: Exception, *, traceback: bool = False) -> None:
        """Count a failure; the first one of an outage is logged."""
        with self._lock:
            count, _ = self._failing.get(what, (0, 0.0))
            self._failing[what] = (count + 1, self._monotonic())
        if not count:
            _log.error("no answer can be given now: %s", error, exc_info=error if traceback else None)

    def worked(self, what: Hashable) -> None:
        """Something works; if it ends an outage, that is logged."""
        if what not in self._failing:
            return
        with self._lock:
            count, latest = self._failing.get(what, (0, 0.0))
            if not count or self._monotonic() - latest < QUIET_SECONDS:
                return
            del self._failing[what]
        _log.warning("answers are given again; %d requests got none", count)
