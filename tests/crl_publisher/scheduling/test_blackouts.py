"""Blackout windows: how they are written, what they hold, and where a run goes that falls in one."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from crl_publisher.scheduling.blackouts import Blackouts
from crl_publisher.scheduling.local_time import Zone

UTC_ZONE = Zone("UTC")
AMSTERDAM = Zone("Europe/Amsterdam")
SECOND = timedelta(seconds=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026, whose 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("22:00-06:00", [at(23, 22), at(24, 5, 59), at(24, 0)], [at(23, 21, 59), at(24, 6)]),
        ("sat,sun 08:00-12:00", [at(28, 8), at(29, 11, 59)], [at(27, 9), at(28, 12), at(30, 9)]),
        ("mon-fri 09:00-17:00", [at(23, 9), at(27, 16)], [at(28, 10), at(23, 17)]),
        ("fri 22:00-mon 06:00", [at(27, 22), at(28, 12), at(30, 5, 59)], [at(27, 21), at(30, 6), at(24, 12)]),
        ("sun-tue 23:00-24:00", [at(23, 23), at(22, 23), at(24, 23, 59)], [at(25, 23), at(24, 0)]),
        ("mon 10:00-mon 09:00", [at(23, 10), at(29, 9), at(30, 8, 59)], [at(23, 9, 30)]),
        ("01:00-02:00; 04:00-05:00", [at(23, 1), at(23, 4)], [at(23, 3)]),
    ],
)
def test_window_holds_what_it_says(text: str, inside: list[datetime], outside: list[datetime]) -> None:
    """From its first minute to before its last, over midnight and over weeks."""
    blackouts = Blackouts.from_text(text)

    assert [moment for moment in inside if blackouts.around(moment, UTC_ZONE) is None] == []
    assert [moment for moment in outside if blackouts.around(moment, UTC_ZONE) is not None] == []
    assert Blackouts.from_text(str(blackouts)) == blackouts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("22:00", "no window"),
        ("25:00-26:00", "no time of day"),
        ("22:60-23:00", "no time of day"),
        ("xyz 22:00-23:00", "no weekday"),
        ("24:00-06:00", "begins at 24:00"),
        ("10:00-10:00", "begins when it ends"),
        ("sat,sun 10:00-mon 12:00", "several first days"),
        ("00:00-24:00", "no minute of the week"),
        ("00:00-12:00; 12:00-24:00", "no minute of the week"),
    ],
)
def test_wrong_window_is_refused(text: str, words: str) -> None:
    """Each with what is wrong."""
    with pytest.raises(ValueError, match=words):
        Blackouts.from_text(text)


def test_run_inside_moves_to_the_last_second_before() -> None:
    """Also when that second lies in another window."""
    blackouts = Blackouts.from_text("22:00-06:00; 20:30-22:00")

    assert blackouts.before(at(24, 3), UTC_ZONE) == at(23, 20, 30) - SECOND
    assert blackouts.before(at(24, 6), UTC_ZONE) == at(24, 6)


def test_window_follows_the_clock_changes() -> None:
    """Longer by an hour in October, shorter in March, and gone where its whole time is skipped."""
    night = Blackouts.from_text("01:00-05:00")
    skipped = Blackouts.from_text("02:10-02:50")

    def lengths(blackouts: Blackouts, day: datetime) -> list[timedelta]:
        found = blackouts.between(day, day + timedelta(days=1), AMSTERDAM)
        return [end - start for start, end in found]

    october, march = datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2027, 3, 27, 12, tzinfo=UTC)
    assert lengths(night, october) == [timedelta(hours=5)]
    assert lengths(night, march) == [timedelta(hours=3)]
    assert lengths(skipped, march) == []
    # What is shown twice is inside both times.
    assert lengths(skipped, october) == [timedelta(minutes=100)]


def test_between_lists_every_window_once() -> None:
    """In order, also where only a part lies in the stretch."""
    found = Blackouts.from_text("22:00-06:00").between(at(23, 0), at(26, 23), UTC_ZONE)

    assert len(found) == 5
    assert all(before[1] <= after[0] for before, after in pairwise(found))
