"""Moments as people write and read them: Dutch local time on the page, ISO 8601 with a zone in the API."""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from pki_revocation.clock import whole_second
from pki_revocation.errors import RevocationRefused

from .languages import Language

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
# RFC 5280 section 4.1.2.5.1: the earliest moment that a UTCTime can say; no key of a certificate is older.
EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_DUTCH_DAY = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})", re.ASCII)
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:\.\d+)?)?", re.ASCII)
_WITH_DAY = {Language.DUTCH: "EEEE d MMMM y 'om' HH:mm:ss", Language.ENGLISH: "EEEE d MMMM y 'at' HH:mm:ss"}
_PLAIN = {Language.DUTCH: "d MMMM y 'om' HH:mm:ss", Language.ENGLISH: "d MMMM y 'at' HH:mm:ss"}


class UnreadableMoment(RevocationRefused):
    """What should be a date or a time is none."""

    kind = "unreadable-date"


def local_moment(day: str, clock_time: str) -> datetime | None:
    """A date and a time in the Netherlands, as a form sends or a person types them; None when both are empty.

    Browsers send 2026-11-23 and 15:03; people also type 23-11-2026. Without a time the day's beginning is meant,
    and an hour that came twice (end of summer time) means the first: of two moments the earlier is the safer one.

    Raises:
        UnreadableMoment: for a time without a date, and for what is no date, no time, or a skipped hour.
    """
    if not day.strip() and not clock_time.strip():
        return None
    try:
        local = datetime.combine(_day(day.strip()), _time(clock_time.strip()), AMSTERDAM)
        moment = _bounded(local)
    except (ValueError, OverflowError):
        raise UnreadableMoment("The date or the time is not one: write 2026-11-23 and 15:03.") from None
    if moment.astimezone(AMSTERDAM).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise UnreadableMoment("That hour was skipped when summer time began.")
    return moment


def zoned_moment(text: str) -> datetime:
    """An ISO 8601 moment with its zone, such as 2026-11-23T15:03:22+01:00.

    Raises:
        UnreadableMoment: for anything else, and for moments before 1950.
    """
    try:
        return _bounded(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise UnreadableMoment(
            "key_compromised_at is not a moment with a time zone: write 2026-11-23T15:03:22Z, not before 1950."
        ) from None


def in_the_netherlands(moment: datetime, language: Language) -> str:
    """As people say it there: maandag 23 november 2026 om 15:03:22."""
    return str(format_datetime(moment, _WITH_DAY[language], tzinfo=AMSTERDAM, locale=language.locale))


def in_utc(moment: datetime, language: Language) -> str:
    """The same moment as machines see it: 23 november 2026 om 14:03:22 (UTC)."""
    return f"{format_datetime(moment, _PLAIN[language], tzinfo=UTC, locale=language.locale)} (UTC)"


def in_short(moment: datetime, day: datetime, language: Language) -> str:
    """The time in the Netherlands, 15:03:22, with the date before it where it is another day than *day*."""
    same = moment.astimezone(AMSTERDAM).date() == day.astimezone(AMSTERDAM).date()
    pattern = "HH:mm:ss" if same else "d MMMM y HH:mm:ss"
    return str(format_datetime(moment, pattern, tzinfo=AMSTERDAM, locale=language.locale))


def _day(text: str) -> date:
    if match := _DAY.fullmatch(text):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if match := _DUTCH_DAY.fullmatch(text):
        return date(int(match[3]), int(match[2]), int(match[1]))
    message = "not a date"
    raise ValueError(message)


def _time(text: str) -> time:
    if not text:
        return time()
    match = _TIME.fullmatch(text)
    if match is None:
        message = "not a time"
        raise ValueError(message)
    return time(int(match[1]), int(match[2]), int(match[3] or 0))


def _bounded(moment: datetime) -> datetime:
    second = whole_second(moment)
    if second < EARLIEST:
        message = "before 1950"
        raise ValueError(message)
    return second
