"""Sources that this process denied a moment ago: they are denied again without asking the database.

What a flood costs is then a look-up in memory each time. A refusal is remembered for less than its Retry-After says, so
that no client that comes when it was told to is refused for what is kept here.
"""

import threading
from datetime import datetime, timedelta

_KEPT = timedelta(seconds=5)
MOST = 10_000


class DenialCache:
    """The keys that are over their limits, each with the moment until which it is told to wait."""

    def __init__(self) -> None:
        """Begin with no denial."""
        self._lock = threading.Lock()
        self._until: dict[bytes, tuple[datetime, datetime]] = {}

    def remember(self, bucket_key: bytes, retry_after: int, now: datetime) -> None:
        """Keep that an attempt was denied at *now*, for *retry_after* seconds."""
        wait = timedelta(seconds=retry_after)
        with self._lock:
            if len(self._until) >= MOST:
                self._until = {each: kept for each, kept in self._until.items() if kept[0] > now}
            if len(self._until) < MOST:
                self._until[bucket_key] = (now + min(wait, _KEPT), now + wait)

    def retry_after(self, bucket_keys: tuple[bytes, ...], now: datetime) -> int | None:
        """Seconds that one of them must still wait; None when nothing is known against any."""
        for bucket_key in bucket_keys:
            kept = self._until.get(bucket_key)
            # A clock that was set back would otherwise keep refusals for as long.
            if kept is not None and now < kept[0] <= now + _KEPT:
                return max(1, int((kept[1] - now).total_seconds()))
        return None
