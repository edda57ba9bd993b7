"""Planned runs against CRLs that came: kept, late, missed, not yet, over a hand-over, and nothing before the first."""

from datetime import datetime, timedelta

from crl_publisher.scheduling.punctuality import PastRun, PublishedAt, past_runs
from tests.crl_publisher.scheduling.schedules import HOUR, NOW, of, timeline

MINUTE = timedelta(minutes=1)


def runs(*came: datetime, end: datetime, begin: datetime = NOW) -> list[PastRun]:
    """The runs of an hourly schedule that begins now, with CRLs at these moments."""
    found = [PublishedAt(number, at) for number, at in enumerate(came, start=1)]
    return list(past_runs(timeline(of()), found, begin, end))


def test_runs_are_kept_late_or_missed() -> None:
    """Minutes are counted from the plan; a CRL for a revocation keeps a run too; the last one may still come."""
    found = runs(NOW, NOW + HOUR + 3 * MINUTE, NOW + HOUR + 9 * MINUTE, NOW + 3 * HOUR, end=NOW + 4 * HOUR + MINUTE)
    said = [each.as_json() for each in found]

    assert [each["planned"] for each in said] == [f"2026-11-23T{hour}:00:00Z" for hour in (14, 15, 16, 17, 18)]
    assert [each["minutes_late"] for each in said] == [0.0, 3.0, None, 0.0, None]
    assert [each["missed"] for each in said] == [False, False, True, False, False]
    assert [each["number"] for each in said] == [1, 2, None, 4, None]
    assert found[-1].is_open


def test_nothing_is_planned_before_the_first_version() -> None:
    """However far back one looks."""
    found = runs(NOW, end=NOW + MINUTE, begin=NOW - 900 * HOUR)

    assert [each.planned for each in found] == [NOW]


def test_each_run_is_of_the_version_in_force() -> None:
    """Over a hand-over the new version's runs count, and none of the old one's behind it."""
    handed_over = timeline(of(), (NOW + 90 * MINUTE, of("period=30m")))
    found = list(past_runs(handed_over, [], NOW, NOW + 150 * MINUTE))

    assert [each.version for each in found] == [1, 1, 2, 2, 2]
    assert [(each.planned - NOW) / MINUTE for each in found] == [0, 60, 90, 120, 150]


def test_blackout_and_jitter_are_in_the_plan() -> None:
    """A run is planned for when it really comes: before a window, and as much later as its jitter says."""
    planned = timeline(of("blackout=15:30-17:30", "jitter=10m"))
    found = [each.planned for each in past_runs(planned, [], NOW, NOW + 5 * HOUR)]

    assert found == sorted(set(found))
    assert all(not NOW + 90 * MINUTE < each < NOW + 210 * MINUTE for each in found)
