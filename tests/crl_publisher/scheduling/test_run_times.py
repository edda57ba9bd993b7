"""Calendars and periods: every run that is written comes, whatever the clocks do."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crl_publisher.scheduling.local_time import Zone
from crl_publisher.scheduling.run_times import Calendar, periodic


def runs(expression: str, zone: str, start: datetime, count: int) -> list[datetime]:
    """The first ones from *start* on."""
    return list(islice(Calendar.from_text(expression).runs(start, Zone(zone)), count))


def utc(*parts: int) -> datetime:
    """A moment."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type] # year, month, day and so on


@pytest.mark.parametrize(
    ("expression", "zone", "start", "expected"),
    [
        # A run whose hour is skipped comes at the change; APScheduler alone would lose Cairo's midnight.
        ("30 2 * * *", "Europe/Amsterdam", utc(2027, 3, 27, 12), [utc(2027, 3, 28, 1), utc(2027, 3, 29, 0, 30)]),
        ("0 0 * * *", "Africa/Cairo", utc(2026, 4, 23, 12), [utc(2026, 4, 23, 22), utc(2026, 4, 24, 21)]),
        ("0 12 * * *", "Pacific/Apia", utc(2011, 12, 29, 12), [utc(2011, 12, 29, 22), utc(2011, 12, 30, 10)]),
        # A run whose hour is shown twice comes twice.
        ("30 2 * * *", "Europe/Amsterdam", utc(2026, 10, 24, 12), [utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30)]),
        ("45 1 * * *", "Australia/Lord_Howe", utc(2026, 4, 4, 12), [utc(2026, 4, 4, 14, 45), utc(2026, 4, 4, 15, 15)]),
    ],
)
def test_no_run_is_lost_where_clocks_are_changed(
    expression: str, zone: str, start: datetime, expected: list[datetime]
) -> None:
    """Skipped hours, skipped midnights, a skipped day, repeated hours and half hours."""
    assert runs(expression, zone, start, 2) == expected


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo"])
@pytest.mark.parametrize("expression", ["*/30 * * * *", "7 */2 * * *", "0 0,3 * * *"])
def test_runs_of_a_year_rise_and_match_the_wall(zone: str, expression: str) -> None:
    """Strictly; and between two of them there is never more than the plan says, but for an hour of change."""
    calendar, at = Calendar.from_text(expression), Zone(zone)
    longest = {"*/30 * * * *": 30, "7 */2 * * *": 120, "0 0,3 * * *": 21 * 60}[expression]
    found = list(takewhile(lambda run: run < utc(2027, 4, 1), calendar.runs(utc(2026, 3, 1), at)))

    assert all(before < after for before, after in pairwise(found))
    extra = timedelta(0) if expression == "*/30 * * * *" else timedelta(hours=1)
    assert max(after - before for before, after in pairwise(found)) <= timedelta(minutes=longest) + extra


@given(
    st.sampled_from(["*/40 * * * *", "30 1,2 * * *", "0 0 * * sun"]),
    st.sampled_from(["Europe/Amsterdam", "Australia/Lord_Howe", "America/Havana"]),
    st.datetimes(datetime(2026, 10, 20), datetime(2027, 4, 10)),  # noqa: DTZ001 - hypothesis wants naive ones
)
def test_where_one_begins_to_look_does_not_matter(expression: str, zone: str, begin: datetime) -> None:
    """The next run from any instant on is the one that a look from long before finds."""
    start = begin.replace(tzinfo=UTC, microsecond=0)
    first = runs(expression, zone, start, 1)[0]
    longer = Calendar.from_text(expression).runs(start - timedelta(days=8), Zone(zone))

    assert first == next(run for run in longer if run >= start)


def test_periods_are_counted_from_their_anchor() -> None:
    """In true time, through any change of clocks; none before the anchor."""
    anchor, hour = utc(2026, 10, 24, 22, 0, 7), timedelta(hours=1)

    assert list(islice(periodic(anchor - 5 * hour, anchor=anchor, period=hour), 2)) == [anchor, anchor + hour]
    assert next(periodic(anchor + 4.5 * hour, anchor=anchor, period=hour)) == anchor + 5 * hour
    assert next(periodic(anchor + 5 * hour, anchor=anchor, period=hour)) == anchor + 5 * hour


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 0 * *", "minute hour day month weekday"),
        ("61 * * * *", "no calendar"),
        ("0 0 * * 0", "name it"),
        ("0 0 * * mon-5", "name it"),
        ("0 0 30 2 *", "never comes"),
        ("x 0 * * *", "no calendar"),
    ],
)
def test_wrong_calendar_is_refused(text: str, words: str) -> None:
    """Each with what is wrong; weekdays by number mean different days to different people."""
    with pytest.raises(ValueError, match=words):
        Calendar.from_text(text)
