"""Proof that no instant is left without a valid CRL, or the first instant that is.

The worst that counts as normal: the publisher stops just before a routine run, is gone for the outage allowance, and
then needs two minutes. Jitter and blackout windows are taken at their worst too: the CRL that stands came as early, and
the run that is missed as late, as they can. What is proved is looked at for more than a year behind the last handover,
so that every change of clocks lies in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pki_revocation.clock import iso
from pki_revocation.config.sections import duration_text

from .errors import ScheduleRefused
from .schedule import SECOND
from .timeline import CrlKind, Timeline, Version

# From the end of an outage, or from the instant of a run, until its CRL is public: after failures, a publisher pauses
# for up to a minute before it tries again.
MAKING = timedelta(minutes=2)
_LOOKED_AT = timedelta(days=400)
_PERIODS = 5
# Of the room that there is: the first for long stretches, the second shortly before a handover.
_LEAPS = (2, 16)
_UNENDING = timedelta(days=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicValidity:
    """A CRL that is public: when it became so, and its own two times."""

    published_at: datetime
    this_update: datetime
    next_update: datetime


@dataclass(frozen=True, slots=True)
class _Point:
    """A routine CRL in the worst case: made at *at*, which is as early as it may come."""

    at: datetime
    this_update: datetime
    next_update: datetime

    def following(self, at: datetime, version: Version, *, delta: bool) -> "_Point":
        schedule = version.schedule
        this_update = max(self.this_update, at - schedule.backdate)
        return _Point(at, this_update, max(self.next_update, schedule.next_update(this_update, delta=delta)))


def check(timeline: Timeline, last_public: Iterable[PublicValidity], now: datetime) -> None:
    """Refuse versions that would leave a gap from *now* on, with what is public as the record has it.

    Args:
        timeline: every version that is approved, and the one that is asked about.
        last_public: the last CRL of each scope that is public; none where nothing is yet.
        now: what is before it cannot be changed any more.

    Raises:
        ScheduleRefused: naming the first instant without a valid CRL, or at which another rule is broken.
    """
    every = tuple(last_public)
    _check_handovers(timeline, every, now)
    for kind in CrlKind:
        # A delta is made at once where none is recorded, or the last one is not the schedule's own.
        for each in every if every and kind is CrlKind.COMPLETE else (None,):
            _Walk(timeline, kind).check(_first(timeline, each, now, kind))


def _first(timeline: Timeline, last_public: PublicValidity | None, now: datetime, kind: CrlKind) -> _Point:
    """The point that the walk begins with: the CRL that is public, or the one that a publisher makes at once."""
    if last_public is not None and last_public.published_at <= now <= last_public.next_update:
        due = timeline.next_due(last_public.published_at)
        if due is None or due > now:
            return _Point(last_public.published_at, last_public.this_update, last_public.next_update)
    before = now if last_public is None else last_public.next_update
    schedule = timeline.in_force(now).schedule
    this_update = now - schedule.backdate
    return _Point(now, this_update, max(before, schedule.next_update(this_update, delta=kind is CrlKind.DELTA)))


def _check_handovers(timeline: Timeline, last_public: tuple[PublicValidity, ...], now: datetime) -> None:
    """Refuse a handover where nextUpdate goes back (RFC 5280 section 5.1.2.5) or passes the new profiles' bound."""
    latest = max((each.next_update for each in last_public), default=now)
    for before, after in ((None, timeline.in_force(now)), *timeline.handovers()):
        at = max(now, after.effective_from)
        if before is not None:
            if after.effective_from < now:
                continue
            latest = max(latest, before.schedule.next_update(at - SECOND - before.schedule.backdate))
        allowed = after.schedule.latest_next_update(at - after.schedule.backdate)
        if latest > allowed:
            bound = after.schedule.profile.validity
            clause = "" if bound is None else f" ({bound.clause})"
            raise ScheduleRefused(
                f"At {iso(at)} nextUpdate would go backwards: a CRL from before is good until {iso(latest)}, and the "
                f"first one of version {after.number} may be until {iso(allowed)} at most{clause}. "
                f"Shorten validity first, or hand over later (RFC 5280 section 5.1.2.5)."
            )


class _Walk:
    """From one routine CRL to the next, as far as it takes; over stretches that are known to be dense, in leaps."""

    def __init__(self, timeline: Timeline, kind: CrlKind) -> None:
        self._timeline = timeline
        self._kind = kind
        self._delta = kind is CrlKind.DELTA

    def check(self, first: _Point) -> None:
        """Walk from *first*.

        Raises:
            ScheduleRefused: at the first instant that breaks a rule.
        """
        last = self._timeline.versions[-1]
        reach = max(_LOOKED_AT, _PERIODS * last.schedule.validity)
        end = max(first.at, last.effective_from) + reach
        point = first
        while point.at < end:
            version = self._timeline.in_force(point.at)
            if self._delta and version.schedule.delta_period is None:
                # The version in force promises no deltas; the next one may.
                ahead = [each for each in self._timeline.versions if each.effective_from > point.at]
                if not ahead:
                    return
                point = _Point(ahead[0].effective_from, first.this_update, first.next_update)
                point = self._made(point, ahead[0])
                continue
            point = self._leap(point, version) or self._step(point)

    def _made(self, point: _Point, version: Version) -> _Point:
        return point.following(point.at, version, delta=self._delta)

    def _step(self, point: _Point) -> _Point:
        """The point of the next run.

        Raises:
            ScheduleRefused: when there is none, or it may come too late.
        """
        run = self._timeline.next_run(point.at, self._kind)
        if run is None:
            raise ScheduleRefused(
                f"No routine CRL comes behind {iso(point.at)}: from {iso(point.next_update + SECOND)} on none is valid."
            )
        if self._delta and self._timeline.in_force(run.latest).schedule.delta_period is None:
            return _Point(run.latest, point.this_update, point.next_update)
        until = self._limit(point, run.latest)
        if run.latest > until:
            self._refuse(point, run.latest)
        return self._made(
            _Point(run.earliest, point.this_update, point.next_update), self._timeline.in_force(run.latest)
        )

    def _leap(self, point: _Point, version: Version) -> _Point | None:
        """A point far ahead, or None: where two distant runs are within the limit, so are all neighbours in between."""
        room = self._limit(point, point.at) - point.at
        plain = self._made(_Point(point.at, point.at - version.schedule.backdate, point.at), version)
        if plain.next_update < point.next_update:
            room = min(room, self._limit(plain, point.at) - point.at)
        for part in _LEAPS:
            run = self._timeline.next_run(point.at + room / part, self._kind)
            if run is None or run.latest > point.at + room:
                continue
            if self._timeline.in_force(run.latest) is version and run.earliest > point.at:
                return self._made(_Point(run.earliest, point.this_update, point.next_update), version)
        return None

    def _limit(self, point: _Point, at: datetime) -> datetime:
        """The last instant at which the run behind *point* may come."""
        return min((latest for latest, _ in self._limits(point, at)), default=point.at + _UNENDING)

    def _limits(self, point: _Point, at: datetime) -> list[tuple[datetime, str]]:
        versions = (self._timeline.in_force(point.at), self._timeline.in_force(at))
        schedules = [version.schedule for version in versions]
        allowance = max(schedule.outage_allowance for schedule in schedules)
        limits = [(point.next_update - allowance - MAKING, "")]
        if self._delta:
            found = [schedules[1].profile.age_with_deltas]
        else:
            limits.append((point.next_update - max(schedule.overlap for schedule in schedules), "overlap"))
            found = list(schedules[1].age_bounds)
        limits += [(point.this_update + bound.longest, bound.clause) for bound in found if bound is not None]
        return limits

    def _refuse(self, point: _Point, run: datetime) -> None:
        """Refuse the schedule, naming the limit that is broken and the instant.

        Raises:
            ScheduleRefused: always.
        """
        latest, why = min(self._limits(point, run))
        what = "delta CRL" if self._delta else "CRL"
        zone = self._timeline.in_force(run).schedule.zone
        when = f"{iso(run)} ({run.astimezone(zone.info):%Y-%m-%d %H:%M %Z})"
        if why == "overlap":
            raise ScheduleRefused(
                f"At {iso(latest + SECOND)} the {what} of {iso(point.at)} has less left than the overlap asks for, and "
                f"the next routine one comes at {when}: lengthen validity, or shorten the time between two runs."
            )
        if why:
            raise ScheduleRefused(
                f"At {iso(latest + SECOND)} the {what} of {iso(point.at)} is too old, and the next routine one comes "
                f"at {when} ({why}): shorten the time between two runs, or backdate or jitter."
            )
        allowance = max(self._timeline.in_force(at).schedule.outage_allowance for at in (point.at, run))
        raise ScheduleRefused(
            f"At {iso(point.next_update + SECOND)} no {what} would be valid, when the publisher stops just before the "
            f"routine run of {when} and is gone for the outage allowance of {duration_text(allowance)}: the one "
            f"of {iso(point.at)} is good until {iso(point.next_update)}. Lengthen validity, or shorten the time "
            "between two runs or outage_allowance."
        )
