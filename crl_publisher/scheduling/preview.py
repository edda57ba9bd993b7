"""A schedule shown before it counts: what comes when, how much validity is left, and whether anything is uncovered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pki_revocation.clock import iso

from .coverage import PublicValidity, check
from .document import as_document
from .errors import ScheduleRefused
from .simulation import SimulatedPublication, Simulation, TimeSpan, simulate
from .timeline import CrlKind, Timeline

_HOUR_SECONDS = 3600
_MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A simulation with all that was assumed for it; *refusal* says why the versions could not be saved."""

    timeline: Timeline
    simulation: Simulation
    outages: tuple[TimeSpan, ...]
    misfires: tuple[datetime, ...]
    refusal: str | None

    @property
    def zone_name(self) -> str:
        """The zone that times are shown in: that of the last version."""
        return self.timeline.versions[-1].schedule.zone.name

    def local(self, moment: datetime) -> str:
        """An instant in that zone."""
        zone = self.timeline.versions[-1].schedule.zone
        return f"{moment.astimezone(zone.info):%a %Y-%m-%d %H:%M:%S %Z}"

    def handovers(self) -> tuple[tuple[datetime, int], ...]:
        """When another version takes over within the horizon, and its number."""
        whole = self.simulation
        return tuple(
            (after.effective_from, after.number)
            for _, after in self.timeline.handovers()
            if whole.start < after.effective_from < whole.end
        )

    def clock_changes(self) -> tuple[datetime, ...]:
        """When clocks are changed in the zone."""
        zone = self.timeline.versions[-1].schedule.zone
        return zone.changes(self.simulation.start, self.simulation.end)

    def blackouts(self) -> tuple[TimeSpan, ...]:
        """The blackout windows of whatever version is in force."""
        whole, found = self.simulation, []
        for version, start, end in self.timeline.spans(whole.start):
            begin, finish = max(start, whole.start), min(end, whole.end)
            if begin < finish:
                schedule = version.schedule
                windows = schedule.blackout.between(begin, finish, schedule.zone)
                found += [TimeSpan(max(first, begin), min(last, finish)) for first, last in windows]
        return tuple(found)

    def uncovered(self) -> timedelta:
        """How long no CRL is valid, in all."""
        return sum((gap.end - gap.start for gap in self.simulation.gaps), timedelta(0))

    def verdict(self) -> str:
        """One sentence: is every instant covered, and with how much to spare."""
        gaps = self.simulation.gaps
        if gaps:
            first = gaps[0]
            return (
                f"No valid CRL for {length_text(self.uncovered())} in all, first from {iso(first.start)} to "
                f"{iso(first.end)} ({self.local(first.start)})."
            )
        least = self.simulation.least_left()
        spare = "" if least is None else f" At {iso(least[1])} the least validity was left: {length_text(least[0])}."
        return f"Every instant has a valid CRL.{spare}"

    def rows(self) -> tuple[tuple[datetime, str], ...]:
        """What happens, in order of time: each as a line of the table."""
        whole = self.simulation
        found = [(at, 0, f"-- clocks are changed in {self.zone_name}") for at in self.clock_changes()]
        found += [(at, 1, f"-- version {number} takes over") for at, number in self.handovers()]
        for outage in self.outages:
            found += [(outage.start, 2, "-- the publisher stops"), (outage.end, 2, "-- the publisher is back")]
        found += [(at, 2, "-- the next run does not come") for at in self.misfires]
        for name, gaps in (("CRL", whole.gaps), ("delta CRL", whole.delta_gaps)):
            found += [(gap.start, 3, f"!! no valid {name} for {length_text(gap.end - gap.start)}") for gap in gaps]
        for kind in CrlKind:
            published = whole.of(kind)
            following = [*published[1:], None] if published else []
            found += [(each.at, 4, _line(each, after)) for each, after in zip(published, following, strict=True)]
        return tuple((at, text) for at, _, text in sorted(found))

    def as_json(self) -> dict[str, object]:
        """The preview as `schedule preview --json` prints it."""
        whole = self.simulation
        return {
            "issuer": self.timeline.issuer,
            "from": iso(whole.start),
            "to": iso(whole.end),
            "verdict": self.verdict(),
            "refused": self.refusal,
            "versions": [
                {
                    "version": version.number,
                    "effective_from": iso(version.effective_from),
                    "schedule": as_document(version.schedule),
                }
                for version in self.timeline.versions
            ],
            "runs": [
                {
                    "kind": each.kind.value,
                    "at": iso(each.at),
                    "due": iso(each.due),
                    "this_update": iso(each.this_update),
                    "next_update": iso(each.next_update),
                    "version": each.version,
                }
                for each in whole.published
            ],
            "gaps": [_time_span(gap) for gap in whole.gaps],
            "delta_gaps": [_time_span(gap) for gap in whole.delta_gaps],
            "outages": [_time_span(outage) for outage in self.outages],
            "clock_changes": [iso(at) for at in self.clock_changes()],
        }


def preview(
    timeline: Timeline,
    *,
    last_public: PublicValidity | None,
    start: datetime,
    end: datetime,
    outages: Iterable[TimeSpan] = (),
    misfires: Iterable[datetime] = (),
) -> Preview:
    """Play the versions from *start* to *end*, and say whether they could be saved."""
    away, missed = tuple(outages), tuple(misfires)
    try:
        check(timeline, () if last_public is None else (last_public,), start)
        refusal = None
    except ScheduleRefused as error:
        refusal = str(error)
    simulation = simulate(timeline, last_public=last_public, start=start, end=end, outages=away, misfires=missed)
    return Preview(timeline=timeline, simulation=simulation, outages=away, misfires=missed, refusal=refusal)


def _line(published: SimulatedPublication, after: SimulatedPublication | None) -> str:
    late = f", late by {length_text(published.at - published.due)}" if published.is_late else ""
    # A delta's reserve is the complete CRL's matter too, which may come before the next delta.
    left = (
        ""
        if after is None or published.kind is CrlKind.DELTA
        else f", {length_text(published.next_update - after.at)} left when the next comes"
    )
    what = "delta" if published.kind is CrlKind.DELTA else "CRL  "
    return f"{what} until {iso(published.next_update)}{left}{late}"


def _time_span(span: TimeSpan) -> dict[str, str]:
    return {"from": iso(span.start), "to": iso(span.end)}


def length_text(length: timedelta) -> str:
    """Hours and minutes, for people; seconds below an hour, negative for what ran out before."""
    seconds = int(length.total_seconds())
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    hours, minutes = seconds // _HOUR_SECONDS, seconds % _HOUR_SECONDS // _MINUTE_SECONDS
    return f"{sign}{hours}h{minutes:02}m" if hours else f"{sign}{minutes}m{seconds % _MINUTE_SECONDS:02}s"
