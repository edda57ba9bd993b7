"""Attempts that were denied: counted here by source and minute, and written together, outside of all requests.

A flood costs no write for each attempt: a revocation never waits behind it. What a process counted in its last second
is lost when it is killed; what it answered with a refusal of number and code is not, because that is written before
the answer.
"""

import logging
import threading
import time
from collections import Counter
from datetime import datetime

from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.errors import StoreError

from .failure_store import FailureStore

_PAUSE_SECONDS = 1.0
# Between two transactions of tidying up: others write then.
_YIELD_SECONDS = 0.05
# More sources than this in one second are counted as one.
MOST_SOURCES = 200
OTHERS = "others"
_log = logging.getLogger(__name__)


class DenialCounter:
    """Counts denied attempts in memory, and writes the counts a second after the first one; used by many threads."""

    def __init__(self, *, database: Database, clock: Clock, store: FailureStore) -> None:
        """Write to the store that failures are counted in, which is in *database*."""
        self._database = database
        self._clock = clock
        self._store = store
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, datetime]] = Counter()
        self._timer: threading.Timer | None = None

    def count(self, network: str, now: datetime) -> None:
        """Count a denied attempt from *network* in the minute of *now*."""
        key = (network, now.replace(second=0))
        with self._lock:
            if key not in self._counts and len(self._counts) >= MOST_SOURCES:
                key = (OTHERS, key[1])
            self._counts[key] += 1
            self._start()

    def schedule_flush(self) -> None:
        """Have `flush` run in a second, in a thread of its own."""
        with self._lock:
            self._start()

    def flush(self) -> None:
        """Write what was counted, audit the minutes that are over, and delete what counts no more.

        When the database does not answer, what was counted is kept for the next time.
        """
        with self._lock:
            counts, self._counts, self._timer = self._counts, Counter(), None
        try:
            self._write(counts)
        except StoreError as error:
            _log.warning("%s attempts that were turned away are not written down yet: %s", counts.total(), error)
            with self._lock:
                for key, refused in counts.items():
                    kept = key if key in self._counts or len(self._counts) < MOST_SOURCES else (OTHERS, key[1])
                    self._counts[kept] += refused
            return
        try:
            self._clean_up()
        except StoreError as error:
            _log.warning("counted attempts are audited later: %s", error)

    def _start(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(_PAUSE_SECONDS, self.flush)
            self._timer.daemon = True
            self._timer.start()

    def _write(self, counts: Counter[tuple[str, datetime]]) -> None:
        if not counts:
            return
        with self._database.write() as connection:
            # In one order, so that two processes never wait for each other in a circle.
            for (network, minute), refused in sorted(counts.items()):
                self._store.count_minute(connection, network, minute, failed=0, refused=refused)

    def _clean_up(self) -> None:
        now = self._clock.now()
        with self._database.write() as connection:
            self._store.forget(connection, now)
        while True:
            with self._database.write() as connection:
                if self._store.audit_minutes(connection, now.replace(second=0)) == 0:
                    return
            time.sleep(_YIELD_SECONDS)
