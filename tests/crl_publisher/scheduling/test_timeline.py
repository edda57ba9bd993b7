"""Versions over time: which is in force, when the next run is due, and what jitter and blackouts do to it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crl_publisher.scheduling.schedule import Schedule
from crl_publisher.scheduling.timeline import CrlKind, Run, Timeline
from tests.crl_publisher.scheduling.schedules import DAY, HOUR, NOW, SECOND, of, timeline


def test_version_with_the_latest_beginning_is_in_force() -> None:
    """Of two that begin at once the later one; before all of them the first."""
    found = timeline((NOW, of()), (NOW + DAY, of("period=2h")), (NOW + HOUR, of("period=3h")), (NOW, of("period=4h")))

    in_force = {hours: found.in_force(NOW + hours * HOUR).number for hours in (-1, 0, 1, 23, 24, 99)}
    assert in_force == {-1: 1, 0: 4, 1: 3, 23: 3, 24: 2, 99: 2}
    assert [(before.number, after.number) for before, after in found.handovers()] == [(4, 3), (3, 2)]


def test_runs_follow_whatever_version_is_in_force() -> None:
    """The old one's until the handover, the new one's from that very instant on."""
    found = timeline(of("period=5h"), (NOW + 12 * HOUR, of("period=2h")))
    at, runs = NOW - SECOND, []
    for _ in range(6):
        due = found.next_due(at)
        assert due is not None
        runs.append((due - NOW) / HOUR)
        at = due

    assert runs == [0, 5, 10, 12, 14, 16]


def test_missed_run_of_an_older_version_stays_due() -> None:
    """A publisher that comes back behind a handover makes up for what the old version owed."""
    found = timeline(of("period=5h"), (NOW + 12 * HOUR, of("calendar=0 6 * * *", "profile=br")))

    assert found.next_due(NOW + 5 * HOUR) == NOW + 10 * HOUR


def test_deltas_are_due_between_complete_crls() -> None:
    """Each complete one brings its own along, so the union is what counts."""
    found = timeline(of("period=4h", "delta_period=90m"))

    assert found.next_due(NOW) == NOW + 4 * HOUR
    assert found.next_due(NOW, CrlKind.DELTA) == NOW + 1.5 * HOUR
    assert found.next_due(NOW + 3 * HOUR, CrlKind.DELTA) == NOW + 4 * HOUR


def test_no_run_falls_into_a_blackout() -> None:
    """It comes a second before, once, and then behind the window again."""
    found = timeline(of("period=1h", "blackout=20:00-06:00"))

    assert found.next_due(NOW + 5 * HOUR) == NOW + 6 * HOUR - SECOND
    assert found.next_due(NOW + 6 * HOUR - SECOND) == NOW + 16 * HOUR


@given(st.integers(0, 100_000), st.sampled_from(["0s", "40m"]), st.sampled_from(["", "20:00-06:00", "sat 10:00-18:00"]))
def test_next_run_is_what_looking_at_every_run_finds(seconds: int, jitter: str, blackout: str) -> None:
    """Whatever jitter and windows do to their order."""
    schedule = of("period=50m", f"jitter={jitter}", f"blackout={blackout}")
    found = timeline(schedule)
    after = NOW + timedelta(seconds=seconds)
    every = [run.due for run in _first_runs(found, 250)]

    assert found.next_due(after) == min(due for due in every if due > after)
    run = found.next_run(after)
    assert run is not None
    assert after < run.earliest <= run.due <= run.latest


def _first_runs(found: Timeline, count: int) -> list[Run]:
    runs = found._runs(found.versions[0], NOW - SECOND, CrlKind.COMPLETE)  # noqa: SLF001 - all of them, unsorted
    return [run for run, _ in zip(runs, range(count), strict=False)]


def test_jitter_is_the_same_for_everybody_who_asks() -> None:
    """A preview, a publisher and one that was started again agree; two issuers do not."""
    schedule = of("period=2h", "jitter=30m")
    first, again = timeline(schedule), timeline(schedule)
    other = Timeline("another", first.versions)

    assert first.next_due(NOW) == again.next_due(NOW)
    assert [first.next_due(NOW + hours * HOUR) for hours in range(0, 20, 2)] != [
        other.next_due(NOW + hours * HOUR) for hours in range(0, 20, 2)
    ]


def test_timeline_without_a_version_is_impossible() -> None:
    """Something is always in force."""
    with pytest.raises(ValueError, match="at least one"):
        Timeline("issuing", ())
    assert timeline(Schedule()).versions
