"""Attempts that were turned away: counted here by source and minute, and written down together.

A flood costs no write each: what revokes never waits behind it. What a process counted in its last second is lost when
it is killed; what it answered with a refusal of number and code is not, because that is written before the answer.
"""

import logging
import threading
from collections import Counter
from datetime import datetime

from pki_revocation.database import Database
from pki_revocation.errors import StoreError

from .ledger import Ledger

_PAUSE_SECONDS = 1.0
# More sources than this in one second are counted as one.
MOST_SOURCES = 1000
OTHERS = "others"
_log = logging.getLogger(__name__)


class TurnedAway:
    """Counts, and writes a second after the first count."""

    def __init__(self, *, database: Database, ledger: Ledger) -> None:
        """On the database that failures are counted in."""
        self._database = database
        self._ledger = ledger
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, datetime]] = Counter()
        self._timer: threading.Timer | None = None

    def count(self, network: str, now: datetime) -> None:
        """One more."""
        key = (network, now.replace(second=0))
        with self._lock:
            if key not in self._counts and len(self._counts) >= MOST_SOURCES:
                key = (OTHERS, key[1])
            self._counts[key] += 1
            if self._timer is None:
                self._timer = threading.Timer(_PAUSE_SECONDS, self.write)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> None:
        """Write down what was counted; when the database does not answer, it is kept for the next time."""
        with self._lock:
            counts, self._counts, self._timer = self._counts, Counter(), None
        try:
            with self._database.write() as connection:
                # In one order, so that two processes never wait for each other in a circle.
                for (network, minute), refused in sorted(counts.items()):
                    self._ledger.count_minute(connection, network, minute, failed=0, refused=refused)
        except StoreError as error:
            _log.warning("%s attempts that were turned away are not written down yet: %s", counts.total(), error)
            with self._lock:
                for key, refused in counts.items():
                    kept = key if key in self._counts or len(self._counts) < MOST_SOURCES else (OTHERS, key[1])
                    self._counts[kept] += refused
