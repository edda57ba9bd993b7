"""What happens over a stretch of time: every routine CRL, what an outage or a misfire does, and what is left uncovered.

Here nothing is taken at its worst, as `coverage` does: jitter is what it will be, and the publisher is away when it is
said to be. Revocations are left out: what they add only makes CRLs last longer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .coverage import PublicValidity
from .schedule import SECOND
from .timeline import CrlKind, Timeline


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From an instant, inclusive, to another, exclusive."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPublication:
    """One CRL of the simulation.

    *due* is when it was to come: earlier than *at* when the publisher was away. *version* is the schedule's.
    """

    kind: CrlKind
    at: datetime
    due: datetime
    this_update: datetime
    next_update: datetime
    version: int

    @property
    def is_late(self) -> bool:
        """Whether it was made up for."""
        return self.at > self.due


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What came when, and the stretches in which no CRL of its kind was valid.

    *last_public* is what was public before the first of them.
    """

    start: datetime
    end: datetime
    last_public: PublicValidity | None
    published: tuple[SimulatedPublication, ...]
    gaps: tuple[TimeSpan, ...]
    delta_gaps: tuple[TimeSpan, ...] = ()

    def of(self, kind: CrlKind) -> tuple[SimulatedPublication, ...]:
        """The simulated CRLs of one kind, in their order."""
        return tuple(each for each in self.published if each.kind is kind)

    def least_left(self) -> tuple[timedelta, datetime] | None:
        """The least validity that a complete CRL had left when the next one came, and when; None without two."""
        ends = [] if self.last_public is None else [self.last_public.next_update]
        complete = self.of(CrlKind.COMPLETE)
        ends += [each.next_update for each in complete]
        followers = complete if self.last_public is not None else complete[1:]
        left = [(until - each.at, each.at) for until, each in zip(ends, followers, strict=False)]
        return min(left, default=None)


def simulate(
    timeline: Timeline,
    *,
    last_public: PublicValidity | None,
    start: datetime,
    end: datetime,
    outages: Iterable[TimeSpan] = (),
    misfires: Iterable[datetime] = (),
) -> Simulation:
    """Play a stretch of time.

    Args:
        timeline: the versions in force over time.
        last_public: the complete CRL that is public at *start*, or None: then one is made as soon as a publisher runs.
        start: where it begins.
        end: where it ends.
        outages: when no publisher runs; what became due meanwhile is made when one is over.
        misfires: after each of these, one routine run does not come at all, and the next one is not early for it.
    """
    away, missed = sorted(outages, key=lambda each: each.start), sorted(misfires)
    complete = _play(timeline, CrlKind.COMPLETE, last_public, TimeSpan(start, end), away, missed)
    gaps = _gaps(complete, last_public, TimeSpan(start, end))
    deltas: list[SimulatedPublication] = []
    delta_gaps: tuple[TimeSpan, ...] = ()
    if any(version.schedule.delta_period for version in timeline.versions):
        union = _play(timeline, CrlKind.DELTA, None, TimeSpan(start, end), away, missed)
        with_complete = {each.at for each in complete}
        deltas = [each for each in union if each.at not in with_complete]
        delta_gaps = _gaps(union, None, TimeSpan(union[0].at if union else start, end))
    published = sorted([*complete, *deltas], key=lambda each: (each.at, each.kind))
    return Simulation(
        start=start, end=end, last_public=last_public, published=tuple(published), gaps=gaps, delta_gaps=delta_gaps
    )


def _play(
    timeline: Timeline,
    kind: CrlKind,
    last_public: PublicValidity | None,
    whole: TimeSpan,
    away: list[TimeSpan],
    missed: list[datetime],
) -> list[SimulatedPublication]:
    made: list[SimulatedPublication] = []
    last = last_public
    left = list(missed)
    after = whole.start - SECOND if last_public is None else last_public.published_at
    first = last_public is None
    while True:
        due = whole.start if first else timeline.next_due(after, kind)
        if due is None:
            return made
        at = _back_at(max(due, whole.start), away)
        if at >= whole.end:
            return made
        first = False
        if left and at >= left[0]:
            left.pop(0)
            after = max(after, due)
            continue
        schedule = timeline.in_force(at).schedule
        is_delta = kind is CrlKind.DELTA
        if is_delta and schedule.delta_period is None:
            after = at
            continue
        this_update = at - schedule.backdate
        next_update = schedule.next_update(this_update, delta=is_delta)
        if last is not None:
            this_update, next_update = max(this_update, last.this_update), max(next_update, last.next_update)
        version = timeline.in_force(at).number
        made.append(
            SimulatedPublication(
                kind=kind, at=at, due=due, this_update=this_update, next_update=next_update, version=version
            )
        )
        last = PublicValidity(published_at=at, this_update=this_update, next_update=next_update)
        after = at


def _back_at(moment: datetime, away: list[TimeSpan]) -> datetime:
    """The first instant from *moment* on at which a publisher runs."""
    for outage in away:
        if outage.start <= moment < outage.end:
            moment = outage.end
    return moment


def _gaps(
    published: list[SimulatedPublication], last_public: PublicValidity | None, whole: TimeSpan
) -> tuple[TimeSpan, ...]:
    found, covered = [], whole.start
    if last_public is not None:
        covered = max(covered, last_public.next_update + SECOND)
    for each in published:
        if each.at > covered:
            found.append(TimeSpan(covered, each.at))
        covered = max(covered, each.next_update + SECOND)
    if covered < whole.end:
        found.append(TimeSpan(covered, whole.end))
    return tuple(found)
