"""Wall-clock time and instants: what a zone's clocks skip, and what they show twice.

A wall-clock time that is skipped means the instant of the change; one that is shown twice means both instants.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

_SECOND = timedelta(seconds=1)
# No zone has ever shown the same time twice over a longer stretch; days that were skipped need no looking back.
LONGEST_REPEAT = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone of the IANA database, by its name."""

    name: str

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a name.

        Raises:
            ValueError: when there is no such zone.
        """
        name = text.strip()
        if name not in _names():
            raise ValueError(f"{name!r} is no time zone: write it as Europe/Amsterdam or UTC")
        return cls(name)

    def __str__(self) -> str:
        """The zone's name, such as Europe/Amsterdam."""
        return self.name

    @property
    def info(self) -> ZoneInfo:
        """The zone as `datetime` takes it."""
        return ZoneInfo(self.name)

    def wall(self, moment: datetime) -> datetime:
        """What clocks show at this instant: a naive time."""
        return moment.astimezone(self.info).replace(tzinfo=None)

    def instants(self, wall: datetime) -> tuple[datetime, ...]:
        """The instants at which clocks show *wall*: one, two in order, or the change that skipped it."""
        first, second = (wall.replace(tzinfo=self.info, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first == second:
            return (first,)
        if self.wall(first) == wall:
            return (first, second)
        return (self._change(second, first),)

    def is_near_change(self, moment: datetime) -> bool:
        """Whether clocks are changed within a repeat's length of this instant."""
        before, after = (moment + shift for shift in (-LONGEST_REPEAT, LONGEST_REPEAT))
        return before.astimezone(self.info).utcoffset() != after.astimezone(self.info).utcoffset()

    def changes(self, start: datetime, end: datetime) -> tuple[datetime, ...]:
        """The instants between *start* and *end* at which clocks are changed."""
        found, at, day = [], start, timedelta(days=1)
        while at < end:
            step = min(at + day, end)
            if at.astimezone(self.info).utcoffset() != step.astimezone(self.info).utcoffset():
                found.append(self._change(at, step))
            at = step
        return tuple(found)

    def _change(self, before: datetime, after: datetime) -> datetime:
        """The first second with the offset that holds at *after*."""
        offset = before.astimezone(self.info).utcoffset()
        while after - before > _SECOND:
            middle = before + (after - before) // 2
            middle = middle.replace(microsecond=0)
            if middle.astimezone(self.info).utcoffset() == offset:
                before = middle
            else:
                after = middle
        return after


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones())
