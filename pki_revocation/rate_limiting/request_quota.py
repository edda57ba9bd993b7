"""So many requests of one source in a minute: for what costs a look at the database, and where no code can be guessed.

Each process counts for itself, in memory: a quota keeps a client that asks in a circle from slowing revocations down,
and protects no secret. Sources beyond the number that is kept make room for each other, the one longest silent first.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from pki_revocation.clock import Clock
from pki_revocation.errors import QuotaLeft, TooManyRequests

from .client_address import ClientAddress

MOST_SOURCES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaPolicy:
    """*quota* units of one source within *window*, under a name that clients are told."""

    name: str
    quota: int
    window: timedelta


class RequestQuota:
    """Counts the requests of each source; shared by all threads of a process."""

    def __init__(self, policy: QuotaPolicy, clock: Clock) -> None:
        """*clock* tells when a window is over."""
        self.policy = policy
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def take(self, source: ClientAddress) -> QuotaLeft:
        """Count a request, and say what is left of the quota.

        Raises:
            TooManyRequests: when nothing is left; the request is not to be looked at.
        """
        now = self._clock.now()
        with self._lock:
            begun, taken = self._taken.pop(source.network, (now, 0))
            # A clock that was set back would otherwise make a window longer.
            if not begun <= now < begun + self.policy.window:
                begun, taken = now, 0
            taken = min(taken + 1, self.policy.quota + 1)
            self._taken[source.network] = begun, taken
            if len(self._taken) > MOST_SOURCES:
                self._taken.popitem(last=False)
        seconds = max(1, int((begun + self.policy.window - now).total_seconds()))
        if taken > self.policy.quota:
            raise TooManyRequests(seconds, self.policy.name)
        return QuotaLeft(limit=self.policy.name, count=self.policy.quota - taken, seconds=seconds)
