"""What was planned against what came: each routine run of the past, when its CRL was public, and which were missed.

A run is kept by the first complete CRL that became public at or after it and before the next run, whatever that CRL
came
for: to relying parties it is as new. One that no CRL came for before the next run was missed. For auditors (ETSI EN 319
411-1 CSS-6.3.9-05; BR 4.9.7).
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pki_revocation.clock import iso

from .timeline import Timeline

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class PublishedAt:
    """The number of a complete CRL, and when it became public."""

    number: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One planned run: *kept_by* is None when it was missed, or when its time is not over yet (*is_open*)."""

    version: int
    planned: datetime
    kept_by: PublishedAt | None
    is_open: bool

    @property
    def late(self) -> timedelta | None:
        """How long after the plan the CRL was public; None where there is none."""
        return None if self.kept_by is None else max(self.kept_by.at - self.planned, timedelta(0))

    @property
    def is_missed(self) -> bool:
        """Whether the next run came before any CRL did."""
        return self.kept_by is None and not self.is_open

    def as_json(self) -> dict[str, object]:
        """The fields as commands print them."""
        return {
            "version": self.version,
            "planned": iso(self.planned),
            "actual": None if self.kept_by is None else iso(self.kept_by.at),
            "number": None if self.kept_by is None else self.kept_by.number,
            "minutes_late": None if self.late is None else round(self.late / _MINUTE, 1),
            "missed": self.is_missed,
        }


def past_runs(
    timeline: Timeline, published: Sequence[PublishedAt], begin: datetime, end: datetime
) -> Iterator[PastRun]:
    """The runs that were planned from *begin* up to *end*, in order.

    Args:
        timeline: the versions that counted.
        published: the complete CRLs of that time, in the order in which they became public.
        begin: from when on; before the first version was in force, nothing was planned.
        end: the present moment, or an earlier one.
    """
    times = [each.at for each in published]
    planned = list(_planned(timeline, begin, end))
    for number, (version, at) in enumerate(planned):
        following = planned[number + 1][1] if number + 1 < len(planned) else None
        place = bisect_left(times, at)
        kept = published[place] if place < len(published) else None
        if kept is not None and following is not None and kept.at >= following:
            kept = None
        yield PastRun(version=version, planned=at, kept_by=kept, is_open=kept is None and following is None)


def _planned(timeline: Timeline, begin: datetime, end: datetime) -> Iterator[tuple[int, datetime]]:
    at = max(begin, timeline.versions[0].effective_from) - timedelta(seconds=1)
    while (due := timeline.next_due(at)) is not None and due <= end:
        yield timeline.in_force(due).number, due
        at = due
