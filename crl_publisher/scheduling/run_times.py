"""When a routine is due by its plan alone: a period from an instant on, or a calendar of wall-clock times.

The one module that knows APScheduler. Its cron trigger reads wall-clock time here, without a zone; `local_time` says
which instants those are, so that a run is never lost because a zone skips its hour (the trigger with a zone loses
midnight where clocks change at midnight).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Self

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from .local_time import LONGEST_REPEAT, Zone

_FIELDS = ("minute", "hour", "day", "month", "day_of_week")
_SECOND = timedelta(seconds=1)
_REFERENCE = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Wall-clock times as a crontab writes them: minute, hour, day of month, month, day of week by name."""

    expression: str

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read five fields.

        Raises:
            ValueError: when they are no calendar, or one that never comes.
        """
        expression = " ".join(text.lower().split())
        fields = expression.split()
        if len(fields) != len(_FIELDS):
            raise ValueError(f"{text!r} is no calendar: write minute hour day month weekday, as in '0 */6 * * *'")
        if any(character.isdigit() for character in fields[-1].partition("/")[0]):
            # Crontab counts from Sunday, others from Monday: a number could mean either.
            raise ValueError(f"{text!r} has a weekday by number: name it (mon, tue, wed, thu, fri, sat, sun)")
        try:
            first = _cron(expression).get_next_fire_time(None, _REFERENCE)
        except ValueError as error:
            raise ValueError(f"{text!r} is no calendar: {error}") from None
        if first is None:
            raise ValueError(f"{text!r} never comes")
        return cls(expression)

    def __str__(self) -> str:
        """The five fields."""
        return self.expression

    def runs(self, start: datetime, zone: Zone) -> Iterator[datetime]:
        """Every instant from *start* on, in order."""
        at = start
        while True:
            found = self._next(at, zone)
            if found is None:
                return
            yield found
            at = found + _SECOND

    def _next(self, start: datetime, zone: Zone) -> datetime | None:
        wall = zone.wall(start)
        if zone.is_near_change(start):
            # Times that clocks show twice come twice: look at everything that could lie behind *start* again.
            wall -= LONGEST_REPEAT
        best: datetime | None = None
        for found in self._walls(wall):
            instants = [instant for instant in zone.instants(found) if instant >= start]
            if instants and (best is None or instants[0] < best):
                best = instants[0]
            if best is not None and zone.instants(found)[0] >= best:
                return best
        return best

    def _walls(self, wall: datetime) -> Iterator[datetime]:
        trigger, at = _cron(self.expression), wall.replace(tzinfo=UTC)
        while (found := trigger.get_next_fire_time(None, at)) is not None:
            yield found.replace(tzinfo=None)
            at = found + _SECOND


def periodic(start: datetime, *, anchor: datetime, period: timedelta) -> Iterator[datetime]:
    """Every instant from *start* on that lies a whole number of periods behind *anchor*; none before it."""
    found: datetime = _interval(anchor, period).get_next_fire_time(None, start)
    while True:
        yield found
        found += period


@lru_cache(maxsize=256)
def _interval(anchor: datetime, period: timedelta) -> IntervalTrigger:
    return IntervalTrigger(seconds=int(period.total_seconds()), start_date=anchor, timezone=UTC)


@lru_cache(maxsize=256)
def _cron(expression: str) -> CronTrigger:
    return CronTrigger.from_crontab(expression, timezone=UTC)
