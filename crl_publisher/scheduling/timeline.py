"""Versions of a schedule, each in force until the next one, and the instants at which their routine is due.

Jitter is no die: it comes from issuer and planned time, so that a preview shows what will happen and a restart changes
nothing.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from pki_revocation.clock import iso

from .schedule import SECOND, Schedule

EVER = datetime(1, 1, 1, tzinfo=UTC)
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
# Whatever is planned at all comes within eight years: 29 February of a century's turn is the rarest.
_LOOK_AHEAD = timedelta(days=8 * 366 + 1)


class CrlKind(StrEnum):
    """What is due: a complete CRL, or a delta, which every complete one brings along."""

    COMPLETE = "complete"
    DELTA = "delta"


@dataclass(frozen=True, slots=True)
class Run:
    """One planned publication.

    *due* is when it comes; whatever its jitter, it would come between *earliest* and *latest*.
    """

    planned: datetime
    earliest: datetime
    due: datetime
    latest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A schedule from the instant on at which it comes into force; numbered in the order in which they were made."""

    number: int
    effective_from: datetime
    schedule: Schedule


class Timeline:
    """The versions of one issuer that were approved, in the order in which they come into force."""

    def __init__(self, issuer: str, versions: tuple[Version, ...]) -> None:
        """At least one version; the first counts before its time too, so that there is always one."""
        if not versions:
            raise ValueError("a timeline has at least one version")
        self.issuer = issuer
        self.versions = tuple(sorted(versions, key=lambda each: (each.effective_from, each.number)))

    def in_force(self, moment: datetime) -> Version:
        """The one with the latest beginning at or before *moment*."""
        found = self.versions[0]
        for version in self.versions[1:]:
            if version.effective_from <= moment:
                found = version
        return found

    def with_version(self, version: Version) -> "Timeline":
        """A timeline with this version as well."""
        return Timeline(self.issuer, (*self.versions, version))

    def handovers(self) -> tuple[tuple[Version, Version], ...]:
        """Each version that is followed by another, and that other; one that never comes into force is left out."""
        return tuple(pairwise(version for version, _, _ in self.spans(EVER)))

    def next_due(self, after: datetime, kind: CrlKind = CrlKind.COMPLETE) -> datetime | None:
        """When the next routine CRL of this kind comes behind *after*; None when none ever does.

        A run that was missed is the first one behind the last publication: it stays due until something is published.
        """
        found = self._next_due(after, CrlKind.COMPLETE)
        if kind is CrlKind.COMPLETE:
            return found
        delta = self._next_due(after, CrlKind.DELTA)
        return min((each for each in (found, delta) if each is not None), default=None)

    def next_run(self, after: datetime, kind: CrlKind = CrlKind.COMPLETE) -> Run | None:
        """The first run that comes behind *after* whatever the jitter."""
        found = self._next_run(after, CrlKind.COMPLETE)
        if kind is CrlKind.COMPLETE:
            return found
        delta = self._next_run(after, CrlKind.DELTA)
        return min((each for each in (found, delta) if each is not None), key=lambda run: run.latest, default=None)

    def _next_due(self, after: datetime, kind: CrlKind) -> datetime | None:
        for version, start, end in self.spans(after):
            best: datetime | None = None
            for run in self._runs(version, after, kind):
                if run.earliest >= (best or end) or run.planned > after + _LOOK_AHEAD:
                    break
                if after < run.due < (best or end) and run.due >= start:
                    best = run.due
            if best is not None:
                return best
        return None

    def _next_run(self, after: datetime, kind: CrlKind) -> Run | None:
        for version, start, end in self.spans(after):
            for run in self._runs(version, after, kind):
                if run.latest >= end or run.planned > after + _LOOK_AHEAD:
                    break
                if run.earliest > after and run.earliest >= start:
                    return run
        return None

    def spans(self, after: datetime) -> Iterator[tuple[Version, datetime, datetime]]:
        """The versions that are in force at some instant behind *after*, each from when to when."""
        ends = [*(version.effective_from for version in self.versions[1:]), FOREVER]
        for version, end in zip(self.versions, ends, strict=True):
            if end > max(after, version.effective_from):
                yield version, version.effective_from, end

    def _runs(self, version: Version, after: datetime, kind: CrlKind) -> Iterator[Run]:
        """The runs of a version that may come behind *after*, as planned."""
        schedule = version.schedule
        plan = schedule.plan if kind is CrlKind.COMPLETE else schedule.delta_plan
        start = after - schedule.jitter
        while True:
            planned = next(plan(start, anchor=version.effective_from), None)
            if planned is None:
                return
            run = self._run(schedule, planned)
            yield run
            start = planned + SECOND
            window = schedule.blackout.around(planned, schedule.zone)
            if window is not None and run.earliest == run.latest:
                # Every run of a window comes at the same instant before it, but for those that jitter takes out of it.
                start = max(start, window[1] - schedule.jitter)

    def _run(self, schedule: Schedule, planned: datetime) -> Run:
        def held(delay: timedelta) -> datetime:
            return schedule.blackout.before(planned + delay, schedule.zone)

        if not schedule.jitter:
            at = held(timedelta(0))
            return Run(planned, at, at, at)
        digest = hashlib.sha256(f"{self.issuer} {iso(planned)}".encode()).digest()
        seconds = int.from_bytes(digest[:8]) % (int(schedule.jitter.total_seconds()) + 1)
        return Run(planned, held(timedelta(0)), held(timedelta(seconds=seconds)), held(schedule.jitter))
