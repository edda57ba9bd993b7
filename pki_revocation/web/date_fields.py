"""Since when a key is not safe, as subscribers type it: day, month and year in fields of their own, and perhaps a time.

Not a date field of the browser: that follows the browser's own language, and shows an American mm/dd/yyyy on a Dutch
page. Three fields with names mean the same to all (WCAG 3.3.2), and each complaint can name its field (3.3.1).
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Self

from babel.dates import get_month_names

from pki_revocation.clock import whole_second
from pki_revocation.errors import RevocationRefused
from pki_revocation.subscribers.languages import AMSTERDAM, Language

from .moments import EARLIEST

_WHOLE_DATE = re.compile(r"(?P<day>\d{1,2})[-/. ](?P<month>\d{1,2})[-/. ](?P<year>\d{4})", re.ASCII)
_WHOLE_DATE_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})", re.ASCII)
_SHORT = re.compile(r"\d{1,2}", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})", re.ASCII)
# What may be shown again: figures, or one word; a subscriber may have typed a code here, which mixes both.
_KEPT = re.compile(r"[0-9.:/ -]{0,12}|[A-Za-z]{3,9}\.?", re.ASCII)
_FIELD = "compromised_"
_PARTS = ("day", "month", "year", "time")
_LAST_DAY, _LAST_MONTH = 31, 12


class DateFault(StrEnum):
    """What can be wrong with a typed moment."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    TIME = "time"
    NO_DATE = "no-date"
    NO_SUCH_DATE = "no-such-date"
    SKIPPED = "skipped"


class InvalidDateFields(RevocationRefused):
    """The fields do not say a moment; *faults* is everything that can be said of them at once."""

    kind = "unreadable-date"

    def __init__(self, *faults: DateFault) -> None:
        super().__init__(f"The date of compromise cannot be read: {', '.join(faults)}.")
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFields:
    """The four fields as they came in, none of them read yet."""

    day: str = ""
    month: str = ""
    year: str = ""
    time: str = ""

    @classmethod
    def of(cls, form: Mapping[str, str]) -> Self:
        """From a form; a field that is not in it is empty."""
        return cls(**{name: form.get(_FIELD + name, "").strip() for name in _PARTS})

    @property
    def kept(self) -> Self:
        """The fields that may be shown again after a mistake; the others are empty."""
        return type(self)(**{name: text if _KEPT.fullmatch(text) else "" for name, text in asdict(self).items()})

    @property
    def fields(self) -> dict[str, str]:
        """The fields by the names of the form, without those that are empty."""
        return {_FIELD + name: text for name, text in asdict(self).items() if text}

    def read(self) -> datetime | None:
        """The moment in UTC, or None when nothing was filled in.

        Without a time the day's beginning is meant, and an hour that came twice (end of summer time) means the first:
        of two moments the earlier is the safer one.

        Raises:
            InvalidDateFields: for anything that is no moment, such as an hour that summer time skipped.
        """
        if not self.fields:
            return None
        typed = self._date()
        day, month, year, clock_time = _day(typed[0]), _month(typed[1]), _year(typed[2]), _time(self.time)
        faults = _faults(typed, (day, month, year), clock_time)
        if faults or day is None or month is None or year is None or clock_time is None:
            raise InvalidDateFields(*faults)
        local = datetime.combine(date(year, month, day), clock_time, AMSTERDAM)
        moment = whole_second(local)
        if moment < EARLIEST:
            raise InvalidDateFields(DateFault.YEAR)
        if moment.astimezone(AMSTERDAM).replace(tzinfo=None) != local.replace(tzinfo=None):
            raise InvalidDateFields(DateFault.SKIPPED)
        return moment

    def _date(self) -> tuple[str, str, str]:
        """Day, month and year; also from a whole date that was typed or pasted into the first field."""
        match = _WHOLE_DATE.fullmatch(self.day) or _WHOLE_DATE_ISO.fullmatch(self.day)
        if match and not self.month and not self.year:
            return match["day"], match["month"], match["year"]
        return self.day, self.month, self.year


def _faults(
    typed: tuple[str, str, str], read: tuple[int | None, int | None, int | None], clock_time: time | None
) -> tuple[DateFault, ...]:
    """Everything that can be said of the fields at once."""
    wrong_time = (DateFault.TIME,) if clock_time is None else ()
    if not any(typed):
        return (DateFault.NO_DATE, *wrong_time)
    day, month, year = read
    if day is None or month is None or year is None:
        parts = zip((DateFault.DAY, DateFault.MONTH, DateFault.YEAR), read, strict=True)
        return (*(fault for fault, number in parts if number is None), *wrong_time)
    try:
        date(year, month, day)
    except ValueError:
        return (DateFault.NO_SUCH_DATE, *wrong_time)
    return wrong_time


def _month_words() -> dict[str, int]:
    return {
        name.lower().rstrip("."): number
        for language in Language
        for width in ("wide", "abbreviated")
        for number, name in get_month_names(width, locale=language.locale).items()
    }


_MONTHS = _month_words()


def _day(text: str) -> int | None:
    return int(text) if _SHORT.fullmatch(text) and 1 <= int(text) <= _LAST_DAY else None


def _month(text: str) -> int | None:
    if _SHORT.fullmatch(text):
        return int(text) if 1 <= int(text) <= _LAST_MONTH else None
    return _MONTHS.get(text.lower().rstrip("."))


def _year(text: str) -> int | None:
    return int(text) if _YEAR.fullmatch(text) and int(text) >= EARLIEST.year else None


def _time(text: str) -> time | None:
    if not text:
        return time()
    match = _TIME.fullmatch(text)
    try:
        return time(int(match[1]), int(match[2])) if match else None
    except ValueError:
        return None
