"""Moments: ISO 8601 with a zone, and how they are read out."""

from datetime import UTC, datetime

import pytest

from pki_revocation.subscribers.languages import Language
from pki_revocation.web.moments import (
    InvalidTimestamp,
    day_in_words,
    in_the_netherlands,
    in_utc,
    to_the_minute,
    zoned_moment,
)


def test_zoned_moment_is_read_in_whole_seconds() -> None:
    """Any zone; the fraction is cut off."""
    assert zoned_moment("2026-11-23T15:03:22.9+01:00") == datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-11-23", "2026-11-23T15:03:22", "", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "now"]
)
def test_moment_without_a_zone_is_refused(text: str) -> None:
    """Nobody guesses which clock was meant."""
    with pytest.raises(InvalidTimestamp):
        zoned_moment(text)


@pytest.mark.parametrize(
    ("language", "local", "utc"),
    [
        (Language.DUTCH, "woensdag 1 juli 2026 om 00:30:05", "30 juni 2026 om 22:30:05 (UTC)"),
        (Language.ENGLISH, "Wednesday 1 July 2026 at 00:30:05", "30 June 2026 at 22:30:05 (UTC)"),
    ],
)
def test_moment_is_read_out(language: Language, local: str, utc: str) -> None:
    """Both clocks, each with its own date."""
    moment = datetime(2026, 6, 30, 22, 30, 5, tzinfo=UTC)
    assert (in_the_netherlands(moment, language), in_utc(moment, language)) == (local, utc)


@pytest.mark.parametrize(
    ("language", "minute", "day"),
    [
        (Language.DUTCH, "woensdag 1 juli 2026 om 00.31 uur", "1 juli 2026"),
        (Language.ENGLISH, "Wednesday 1 July 2026 at 00:31", "1 July 2026"),
    ],
)
def test_moment_is_rounded_up_to_the_minute(language: Language, minute: str, day: str) -> None:
    """What is said to begin then has begun; the day is the one in the Netherlands."""
    moment = datetime(2026, 6, 30, 22, 30, 5, tzinfo=UTC)
    assert (to_the_minute(moment, language), day_in_words(moment, language)) == (minute, day)
    assert to_the_minute(moment.replace(second=0), language) == minute.replace("31", "30")
