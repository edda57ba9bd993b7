"""Moments as subscribers read them, in Dutch local time and UTC, and as programs write them: ISO 8601 with a zone."""

from datetime import UTC, datetime, timedelta

from babel.dates import format_datetime

from pki_revocation.clock import whole_second
from pki_revocation.errors import RevocationRefused
from pki_revocation.subscribers.languages import AMSTERDAM, Language

# RFC 5280 section 4.1.2.5.1: the earliest moment that a UTCTime can say; no key of a certificate is older.
EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)

_WITH_DAY = {Language.DUTCH: "EEEE d MMMM y 'om' HH:mm:ss", Language.ENGLISH: "EEEE d MMMM y 'at' HH:mm:ss"}
_PLAIN = {Language.DUTCH: "d MMMM y 'om' HH:mm:ss", Language.ENGLISH: "d MMMM y 'at' HH:mm:ss"}
_DAY = "d MMMM y"
_TO_THE_MINUTE = {Language.DUTCH: "EEEE d MMMM y 'om' HH.mm 'uur'", Language.ENGLISH: "EEEE d MMMM y 'at' HH:mm"}


class InvalidTimestamp(RevocationRefused):
    """The text is no ISO 8601 moment with a zone."""

    kind = "unreadable-date"


def zoned_moment(text: str) -> datetime:
    """An ISO 8601 moment with its zone, such as 2026-11-23T15:03:22+01:00.

    Raises:
        InvalidTimestamp: for anything else, and for moments before 1950.
    """
    try:
        return _bounded(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise InvalidTimestamp(
            "key_compromised_at is not a moment with a time zone: write 2026-11-23T15:03:22Z, not before 1950."
        ) from None


def in_the_netherlands(moment: datetime, language: Language) -> str:
    """The moment in Dutch local time, in words: maandag 23 november 2026 om 15:03:22."""
    return str(format_datetime(moment, _WITH_DAY[language], tzinfo=AMSTERDAM, locale=language.locale))


def in_utc(moment: datetime, language: Language) -> str:
    """The moment in UTC, in words: 23 november 2026 om 14:03:22 (UTC)."""
    return f"{format_datetime(moment, _PLAIN[language], tzinfo=UTC, locale=language.locale)} (UTC)"


def day_in_words(moment: datetime, language: Language) -> str:
    """The day in the Netherlands, in words: 23 november 2026."""
    return str(format_datetime(moment, _DAY, tzinfo=AMSTERDAM, locale=language.locale))


def to_the_minute(moment: datetime, language: Language) -> str:
    """The first whole minute not before a moment, in Dutch local time: maandag 23 november 2026 om 15.04 uur."""
    rounded = moment if moment.second == 0 else moment.replace(second=0) + timedelta(minutes=1)
    return str(format_datetime(rounded, _TO_THE_MINUTE[language], tzinfo=AMSTERDAM, locale=language.locale))


def in_short(moment: datetime, day: datetime, language: Language) -> str:
    """The time in the Netherlands, 15:03:22, with the date before it where it is another day than *day*."""
    same = moment.astimezone(AMSTERDAM).date() == day.astimezone(AMSTERDAM).date()
    pattern = "HH:mm:ss" if same else "d MMMM y HH:mm:ss"
    return str(format_datetime(moment, pattern, tzinfo=AMSTERDAM, locale=language.locale))


def _bounded(moment: datetime) -> datetime:
    second = whole_second(moment)
    if second < EARLIEST:
        message = "before 1950"
        raise ValueError(message)
    return second
