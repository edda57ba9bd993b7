"""Wall-clock time: what zones skip, and what they show twice."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crl_publisher.scheduling.local_time import Zone

AMSTERDAM = Zone("Europe/Amsterdam")
ZONES = [AMSTERDAM, Zone("Africa/Cairo"), Zone("Australia/Lord_Howe"), Zone("America/Havana"), Zone("Pacific/Apia")]


def test_plain_time_is_one_instant() -> None:
    """Far from any change."""
    assert AMSTERDAM.instants(datetime(2026, 11, 24, 9, 0)) == (datetime(2026, 11, 24, 8, 0, tzinfo=UTC),)  # noqa: DTZ001 - wall-clock


def test_time_that_is_shown_twice_is_two_instants() -> None:
    """The last Sunday of October, in order."""
    first, second = AMSTERDAM.instants(datetime(2026, 10, 25, 2, 30))  # noqa: DTZ001 - wall-clock

    assert (first, second) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "wall", "change"),
    [
        ("Europe/Amsterdam", datetime(2027, 3, 28, 2, 30), datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),  # noqa: DTZ001
        ("Africa/Cairo", datetime(2026, 4, 24, 0, 0), datetime(2026, 4, 23, 22, 0, tzinfo=UTC)),  # noqa: DTZ001
        ("Australia/Lord_Howe", datetime(2026, 10, 4, 2, 15), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),  # noqa: DTZ001
        ("Pacific/Apia", datetime(2011, 12, 30, 12, 0), datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),  # noqa: DTZ001
    ],
)
def test_time_that_is_skipped_is_the_instant_of_the_change(zone: str, wall: datetime, change: datetime) -> None:
    """An hour, midnight, half an hour, and a whole day."""
    assert Zone(zone).instants(wall) == (change,)


@given(st.sampled_from(ZONES), st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - hypothesis wants naive ones
def test_every_instant_is_among_those_of_what_its_clock_shows(zone: Zone, at: datetime) -> None:
    """There and back."""
    moment = at.replace(tzinfo=UTC, microsecond=0)

    assert moment in zone.instants(zone.wall(moment))


def test_changes_of_a_year_are_found() -> None:
    """Both of them, to the second; none where clocks are never changed."""
    year = datetime(2026, 6, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)

    assert AMSTERDAM.changes(*year) == (
        datetime(2026, 10, 25, 1, 0, tzinfo=UTC),
        datetime(2027, 3, 28, 1, 0, tzinfo=UTC),
    )
    assert Zone("UTC").changes(*year) == ()
    assert AMSTERDAM.is_near_change(year[0] + timedelta(days=146))
    assert not AMSTERDAM.is_near_change(year[0])


def test_unknown_zone_is_refused() -> None:
    """With a word on what one looks like."""
    with pytest.raises(ValueError, match="no time zone: write it as Europe/Amsterdam"):
        Zone.from_text("Amsterdam")
