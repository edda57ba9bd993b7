"""The one decision, case by case: what is due, why, and what waits."""

from dataclasses import replace
from datetime import timedelta

import pytest

from crl_publisher.scheduling.due import Cause, Due, DueTracker, LastPublication, ScopeState
from crl_publisher.scheduling.timeline import CrlKind, Timeline
from tests.crl_publisher.scheduling.schedules import HOUR, NOW, SECOND, of, timeline

INTERVAL = timedelta(seconds=2)
LAST = LastPublication(1, NOW)
COMPLETE, DELTA = CrlKind.COMPLETE, CrlKind.DELTA
HOURLY = timeline(of())
WITH_DELTAS = timeline(of("period=6h", "delta_period=1h"))
DELTA_FIRST = timeline(of("period=6h", "delta_period=1h", "after_revocation=delta"))


def state(hours: float = 0.5, **changes: object) -> ScopeState:
    """A look so long after the last complete CRL, with both clocks agreeing."""
    plain = ScopeState(now=NOW + hours * HOUR, monotonic=hours * 3600, complete=LAST, delta=LastPublication(1, NOW))
    return replace(plain, **changes)  # type: ignore[arg-type] # the fields of a Look


@pytest.mark.parametrize(
    ("versions", "seen", "expected"),
    [
        (HOURLY, state(), None),
        (HOURLY, state(complete=None), Due(COMPLETE, Cause.NONE_PUBLIC)),
        (HOURLY, state(is_public=False), Due(COMPLETE, Cause.NONE_PUBLIC)),
        (HOURLY, state(is_sound=False), Due(COMPLETE, Cause.NOT_SOUND)),
        (HOURLY, state(is_asked=True), Due(COMPLETE, Cause.REQUESTED)),
        (HOURLY, state(is_uncovered=True), Due(COMPLETE, Cause.REVOCATION)),
        (HOURLY, state(1), Due(COMPLETE, Cause.ROUTINE)),
        (HOURLY, state(5, complete=LastPublication(1, NOW, is_final=True)), None),
        (HOURLY, state(5, complete=LastPublication(1, NOW, is_final=True), is_asked=True), None),
        (HOURLY, state(0.5, delta=None), None),
        (WITH_DELTAS, state(0.5, delta=None), Due(DELTA, Cause.NONE_PUBLIC)),
        (WITH_DELTAS, state(1), Due(DELTA, Cause.ROUTINE)),
        (WITH_DELTAS, state(6), Due(COMPLETE, Cause.ROUTINE)),
        (WITH_DELTAS, state(is_uncovered=True, is_delta_uncovered=True), Due(COMPLETE, Cause.REVOCATION)),
        (DELTA_FIRST, state(is_uncovered=True, is_delta_uncovered=True), Due(DELTA, Cause.REVOCATION)),
        (DELTA_FIRST, state(is_uncovered=True), None),
        (DELTA_FIRST, state(6, is_uncovered=True, is_delta_uncovered=True), Due(COMPLETE, Cause.ROUTINE)),
    ],
)
def test_what_is_due(versions: Timeline, seen: ScopeState, expected: Due | None) -> None:
    """In the order of what matters most."""
    assert DueTracker().due(versions, seen) == expected


def test_storm_waits_for_the_interval_and_a_request_does_not() -> None:
    """At most one CRL in each, but for whoever asks."""
    watch = DueTracker()
    at = state(0.5)
    watch.succeeded(Due(COMPLETE, Cause.REVOCATION), LastPublication(2, at.now), at, INTERVAL)
    soon = replace(at, monotonic=at.monotonic + 1, complete=LastPublication(2, at.now), is_uncovered=True)

    assert watch.due(HOURLY, soon) is None
    assert watch.due(HOURLY, replace(soon, is_asked=True)) == Due(COMPLETE, Cause.REQUESTED)
    assert watch.due(HOURLY, replace(soon, monotonic=at.monotonic + 2)) == Due(COMPLETE, Cause.REVOCATION)


def test_clock_that_was_set_back_stops_no_routine() -> None:
    """The time that really passed counts: by the second clock, from the CRL on."""
    watch = DueTracker()
    assert watch.due(HOURLY, state(0.1)) is None

    assert watch.due(HOURLY, replace(state(0.99), now=NOW - 9 * HOUR)) is None
    assert watch.due(HOURLY, replace(state(1), now=NOW - 9 * HOUR)) == Due(COMPLETE, Cause.ROUTINE)


def test_crl_of_the_future_stops_no_routine() -> None:
    """A process that starts when the clock was set right again counts from then, not from the date on the CRL."""
    ahead = LastPublication(1, NOW + 30 * HOUR)
    watch = DueTracker()

    assert watch.due(HOURLY, state(0.5, complete=ahead)) is None
    assert watch.due(HOURLY, state(1.0, complete=ahead)) == Due(COMPLETE, Cause.ROUTINE)


def test_new_version_counts_at_the_next_look() -> None:
    """Without a restart, and backwards too when it is rarer."""
    watch = DueTracker()
    assert watch.due(HOURLY, state(0.5)) is None

    often = timeline(of(), (NOW + 0.5 * HOUR, of("period=10m")))
    assert watch.due(often, state(0.5)) == Due(COMPLETE, Cause.ROUTINE)
    rare = timeline(of(), (NOW + 0.5 * HOUR, of("period=5h", "calendar=0 20 * * *", "profile=br")))
    assert watch.due(rare, state(2)) is None
    assert watch.due(rare, state(6)) == Due(COMPLETE, Cause.ROUTINE)


def test_failures_pause_for_longer_and_longer_and_never_break() -> None:
    """Two seconds, four, up to a minute; also after days of them."""
    watch = DueTracker()
    pauses = [watch.failed(0.0) for _ in range(3000)]

    assert pauses[:7] == [2, 4, 8, 16, 32, 60, 60]
    assert pauses[-1] == 60
    assert watch.due(HOURLY, state(0, monotonic=59.0, complete=None)) is None
    assert watch.due(HOURLY, state(0, monotonic=60.0, complete=None)) == Due(COMPLETE, Cause.NONE_PUBLIC)


def test_delta_without_a_base_waits_for_the_interval() -> None:
    """Nothing could be published: the next look at it is not at once."""
    watch, at = DueTracker(), state(0.5, delta=None)
    watch.held_back(at, INTERVAL)

    assert watch.due(WITH_DELTAS, at) is None
    assert watch.due(WITH_DELTAS, replace(at, monotonic=at.monotonic + 2, now=at.now + 2 * SECOND)) is not None
