"""Moments: Dutch local time with its summers, ISO 8601, and how they are read out."""

from datetime import UTC, datetime

import pytest

from pki_revocation.web.languages import Language
from pki_revocation.web.moments import UnreadableMoment, in_the_netherlands, in_utc, local_moment, zoned_moment


@pytest.mark.parametrize(
    ("day", "time", "moment"),
    [
        ("2026-11-23", "15:03", datetime(2026, 11, 23, 14, 3, tzinfo=UTC)),
        ("2026-11-23", "15:03:22", datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)),
        ("2026-07-01", "9.30", datetime(2026, 7, 1, 7, 30, tzinfo=UTC)),
        (" 23-11-2026 ", "", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("1/7/2026", "", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-10-25", "02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_local_moment_is_read(day: str, time: str, moment: datetime) -> None:
    """As browsers send it and as people type it; the hour that comes twice means its first time."""
    assert local_moment(day, time) == moment


def test_nothing_is_no_moment() -> None:
    """The field may stay empty."""
    assert local_moment(" ", "") is None


@pytest.mark.parametrize(
    ("day", "time"),
    [
        ("", "15:03"),
        ("2026-02-30", ""),
        ("2026-11-23", "25:00"),
        ("2026-11-23", "15:03+02:00"),
        ("11-2026", ""),
        ("2026-03-29", "02:30"),
        ("1900-01-01", ""),
        ("0001-01-01", "00:00"),
        ("٢٠٢٦-11-23", ""),
    ],
)
def test_what_is_no_moment_is_refused(day: str, time: str) -> None:
    """The hour that summer time skips is none either."""
    with pytest.raises(UnreadableMoment):
        local_moment(day, time)


def test_zoned_moment_is_read_in_whole_seconds() -> None:
    """Any zone; the fraction is cut off."""
    assert zoned_moment("2026-11-23T15:03:22.9+01:00") == datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-11-23", "2026-11-23T15:03:22", "", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "now"]
)
def test_moment_without_a_zone_is_refused(text: str) -> None:
    """Nobody guesses which clock was meant."""
    with pytest.raises(UnreadableMoment):
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
