"""Blackout windows: stretches of local time in which no routine CRL is due.

Written as `22:00-06:00` (every day), `sat,sun 08:00-12:00`, `mon-fri 09:00-17:00` or `fri 22:00-mon 06:00`, several
with `;` between. A run that falls in one comes in the last second before it: moved to its end, the CRL before it would
have to last for longer. A revocation, a request and a run that was missed do not wait for a window to end.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Self

from .local_time import Zone

_SECOND = timedelta(seconds=1)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK = len(_DAYS)
_DAY_MINUTES = 24 * 60
_FORM = re.compile(
    r"(?:(?P<days>[a-z]{3}(?:[,-][a-z]{3})*)\s+)?(?P<start>\d\d:\d\d)\s*-\s*(?:(?P<last>[a-z]{3})\s+)?(?P<end>\d\d:\d\d)"
)


@dataclass(frozen=True, slots=True)
class BlackoutWindow:
    """One that begins on each of some weekdays (Monday is 0); times in minutes since local midnight."""

    days: frozenset[int]
    start: int
    end: int
    last_day: int | None = None

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read one.

        Raises:
            ValueError: saying what is wrong with it.
        """
        match = _FORM.fullmatch(text.strip().lower())
        if match is None:
            raise ValueError(f"{text.strip()!r} is no window: write it as 22:00-06:00 or fri 22:00-mon 06:00")
        days = _days(match["days"]) if match["days"] else frozenset(range(_WEEK))
        last = None if match["last"] is None else _day(match["last"])
        window = cls(days, _minutes(match["start"]), _minutes(match["end"]), last)
        if window.start == _DAY_MINUTES:
            raise ValueError(f"{text.strip()!r} begins at 24:00: write 00:00 of the day after")
        if last is not None and len(days) > 1:
            raise ValueError(f"{text.strip()!r} has several first days and one last day: write a window for each")
        if last is None and window.start == window.end:
            raise ValueError(f"{text.strip()!r} begins when it ends: for a whole day write 00:00-24:00")
        return window

    def __str__(self) -> str:
        """In the form that `from_text` reads."""
        days = "" if len(self.days) == _WEEK else ",".join(_DAYS[day] for day in sorted(self.days)) + " "
        last = "" if self.last_day is None else _DAYS[self.last_day] + " "
        return f"{days}{_clock(self.start)}-{last}{_clock(self.end)}"

    def span(self, day: int) -> int:
        """How many days after its first, weekday *day*, it ends."""
        crosses = self.end <= self.start
        if self.last_day is None:
            return int(crosses)
        days = (self.last_day - day) % _WEEK
        return _WEEK if days == 0 and crosses else days

    def around(self, wall: datetime, zone: Zone) -> Iterator[tuple[datetime, datetime]]:
        """Its occurrences that may hold this wall-clock time: from the first instant, to before the second."""
        midnight = datetime.combine(wall.date(), time())
        # A day more on each side: clocks may be changed in between.
        for back in range(-1, _longest_span(self) + 2):
            first = midnight - timedelta(days=back)
            if first.weekday() in self.days:
                yield _occurrence(self, first, zone)


@dataclass(frozen=True, slots=True)
class Blackouts:
    """All windows of a schedule."""

    windows: tuple[BlackoutWindow, ...] = ()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read any number of them; an empty text is none.

        Raises:
            ValueError: for a wrong one, and when together they leave no minute of the week.
        """
        made = cls(tuple(BlackoutWindow.from_text(part) for part in text.split(";") if part.strip()))
        if made.windows and len(made.minutes_of_week()) == _WEEK * _DAY_MINUTES:
            raise ValueError(f"{text.strip()!r} leaves no minute of the week for a routine CRL")
        return made

    def __str__(self) -> str:
        """In the form that `from_text` reads."""
        return "; ".join(map(str, self.windows))

    def around(self, moment: datetime, zone: Zone) -> tuple[datetime, datetime] | None:
        """The window that holds this instant, from its first to behind its last; None where none does."""
        if not self.windows:
            return None
        wall = zone.wall(moment)
        for window in self.windows:
            for start, end in window.around(wall, zone):
                if start <= moment < end:
                    return start, end
        return None

    def before(self, moment: datetime, zone: Zone) -> datetime:
        """The instant itself, or the last second before the windows that hold it."""
        while (window := self.around(moment, zone)) is not None:
            moment = window[0] - _SECOND
        return moment

    def between(self, start: datetime, end: datetime, zone: Zone) -> tuple[tuple[datetime, datetime], ...]:
        """Every window that lies between two instants, or partly so, in order; they may overlap."""
        found, day = set(), timedelta(days=1)
        at = start
        while at < end + day:
            wall = zone.wall(at)
            for window in self.windows:
                found |= {pair for pair in window.around(wall, zone) if max(pair[0], start) < min(pair[1], end)}
            at += day
        return tuple(sorted(found))

    def minutes_of_week(self) -> set[int]:
        """Which minutes of a week without clock changes they hold."""
        found: set[int] = set()
        for window in self.windows:
            for day in window.days:
                first = day * _DAY_MINUTES + window.start
                last = (day + window.span(day)) * _DAY_MINUTES + window.end
                found |= {minute % (_WEEK * _DAY_MINUTES) for minute in range(first, last)}
        return found


@lru_cache(maxsize=4096)
def _occurrence(window: BlackoutWindow, midnight: datetime, zone: Zone) -> tuple[datetime, datetime]:
    """The first instant of the window that begins on this day, and the first after it; kept, since asked for often."""
    end = midnight + timedelta(days=window.span(midnight.weekday()), minutes=window.end)
    return zone.instants(midnight + timedelta(minutes=window.start))[0], zone.instants(end)[-1]


@lru_cache(maxsize=256)
def _longest_span(window: BlackoutWindow) -> int:
    return max(window.span(day) for day in window.days)


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin = _day(first)
        found |= {(begin + place) % _WEEK for place in range((_day(last or first) - begin) % _WEEK + 1)}
    return frozenset(found)


def _day(text: str) -> int:
    if text not in _DAYS:
        raise ValueError(f"{text!r} is no weekday: they are {', '.join(_DAYS)}")
    return _DAYS.index(text)


def _minutes(text: str) -> int:
    hours, minutes = int(text[:2]), int(text[3:])
    if minutes >= 60 or hours * 60 + minutes > _DAY_MINUTES:  # noqa: PLR2004 - minutes of an hour
        raise ValueError(f"{text!r} is no time of day")
    return hours * 60 + minutes


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
