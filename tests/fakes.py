"""Stand-ins that implement the real ports; there is one: the clock."""

from datetime import datetime, timedelta

from pki_revocation.clock import whole_second


class FakeClock:
    """A clock that moves only when it is told to."""

    def __init__(self, start: datetime) -> None:
        """Begin at *start*."""
        self._now = whole_second(start)

    def now(self) -> datetime:
        """The moment that was set."""
        return self._now

    def advance(self, length: timedelta) -> None:
        """Move on, or back for a negative length."""
        self._now = whole_second(self._now + length)
