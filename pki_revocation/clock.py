"""Time: aware, UTC, whole seconds (RFC 5280 section 4.1.2.5: no fractions; RFC 6960 section 4.2.2.1)."""

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from: a constructor argument everywhere, so that time is a test's input."""

    def now(self) -> datetime:
        """The present second, aware, in UTC, without a fraction."""
        ...


class SystemClock:
    """The machine's clock, in UTC and whole seconds."""

    def now(self) -> datetime:
        """The present second; the fraction is cut off, so that it is never in the future."""
        return datetime.fromtimestamp(int(time.time()), UTC)


def whole_second(moment: datetime) -> datetime:
    """The same moment in UTC, without its fraction.

    Raises:
        ValueError: when the moment has no time zone.
    """
    if moment.tzinfo is None:
        message = f"{moment.isoformat()} has no time zone"
        raise ValueError(message)
    return moment.astimezone(UTC).replace(microsecond=0)


# A storm of revocations has one moment, and each of its rows is digested with it.
@lru_cache(maxsize=1024)
def iso(moment: datetime) -> str:
    """How a moment is written in answers and logs: 2026-11-23T14:03:22Z."""
    # Ten times as fast as strftime, and a million rows of a journal are written so.
    return whole_second(moment).isoformat().removesuffix("+00:00") + "Z"
