"""A world without keys and disks: true time, a publisher's two clocks, a journal, and the relying party who looks.

The decisions are the product's own: `check`, `Timeline`, `DueTracker`. What stands in is the signing, with the rules of
`issuance` for times and numbers, because thousands of simulated days are to pass in seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crl_publisher.scheduling.coverage import MAKING, PublicValidity, check
from crl_publisher.scheduling.due import DueTracker, LastPublication, ScopeState
from crl_publisher.scheduling.schedule import Schedule
from crl_publisher.scheduling.timeline import CrlKind, Timeline, Version

SECOND = timedelta(seconds=1)
POLL = timedelta(seconds=1)
_TRIES = 100_000


@dataclass(frozen=True, slots=True)
class Crl:
    """What is public: all that a relying party and the next publication look at."""

    kind: CrlKind
    number: int
    made_at: datetime
    published_at: datetime
    this_update: datetime
    next_update: datetime
    covers: int


@dataclass(slots=True)
class Process:
    """A publisher that runs: what it remembers dies with it."""

    since: datetime
    watch: DueTracker = field(default_factory=DueTracker)


class World:
    """Everything, at one instant of true time; `pass_time` moves on and looks as it goes."""

    def __init__(self, start: datetime, schedule: Schedule) -> None:
        """A publisher starts with a schedule, and nothing is public yet."""
        self.now = start
        self.offset = timedelta(0)
        self.offsets = {timedelta(0)}
        self.timeline = Timeline("world", (Version(number=1, effective_from=start, schedule=schedule),))
        self.process: Process | None = Process(start)
        self.away_since: datetime | None = None
        self.longest_away = timedelta(0)
        self.signs = True
        self.revocations: list[datetime] = []
        self.last_at = start
        self.complete: Crl | None = None
        self.delta: Crl | None = None
        self.changed_at = start
        self.back_at = start
        check(self.timeline, (), start)

    @property
    def wall(self) -> datetime:
        """What the publisher's clock shows."""
        return self.now + self.offset

    def rotate(self, schedule: Schedule, at: datetime) -> None:
        """As the book does; refused when it would leave a gap."""
        version = Version(
            number=max(each.number for each in self.timeline.versions) + 1, effective_from=at, schedule=schedule
        )
        timeline = self.timeline.with_version(version)
        check(timeline, self.public_validity(), self.wall)
        self.timeline = timeline
        self.changed_at = self.now

    def withdraw(self, number: int) -> None:
        """A planned version goes, when what is left has no gap."""
        timeline = Timeline("world", tuple(each for each in self.timeline.versions if each.number != number))
        check(timeline, self.public_validity(), self.wall)
        self.timeline = timeline
        self.changed_at = self.now

    def public_validity(self) -> tuple[PublicValidity, ...]:
        """What is public, as the check wants it."""
        if self.complete is None:
            return ()
        crl = self.complete
        return (
            PublicValidity(published_at=crl.published_at, this_update=crl.this_update, next_update=crl.next_update),
        )

    def step_clock(self, offset: timedelta) -> None:
        """Somebody sets the publisher's clock: so far from the true time."""
        self.offset = offset
        self.offsets.add(offset)

    def stop(self) -> None:
        """The publisher is gone."""
        if self.process is not None:
            self.process = None
            self._is_away()

    def start(self) -> None:
        """A publisher runs again, and knows nothing but the record."""
        self.process = Process(self.now)
        self._is_back()

    def break_key(self) -> None:
        """The publisher runs, and cannot sign."""
        self.signs = False
        self._is_away()

    def mend_key(self) -> None:
        """It can again: at its next attempt."""
        self.signs = True
        self._is_back()

    def revoke(self) -> None:
        """A row in the journal."""
        self.last_at = max(self.wall, self.last_at)
        self.revocations.append(self.now)

    def pass_time(self, length: timedelta) -> None:
        """Let true time pass: look at every instant at which the publisher could have something to do."""
        end = self.now + length
        for _ in range(_TRIES):
            self._poll()
            if self.now >= end:
                return
            self.now = min(self._next_instant(), end)
            self.state()
        raise AssertionError("time does not pass")

    def state(self) -> None:
        """The relying party: is what it gets valid now, and is nothing missing that was promised?"""
        crl = self.complete
        if crl is None:
            assert self.is_excused(), "nothing was ever public"
            return
        assert crl.this_update <= self.now, f"{crl} lies in the future of {self.now}"
        assert crl.next_update >= self.now or self.is_excused(), f"{self.now}: nothing is valid, only {crl}"
        version = self.timeline.in_force(self.wall)
        if (
            self.delta is not None
            and version.schedule.delta_period
            and self.delta.published_at > version.effective_from
        ):
            assert self.delta.next_update >= self.now or self.is_excused(), f"{self.now}: no delta, only {self.delta}"
        self._look_for_revocations()
        self._look_for_the_routine(crl)

    def is_excused(self) -> bool:
        """Whether an outage went beyond the allowance; what a clock is off by counts as an outage too."""
        if self.complete is None:
            return self.away_since is not None or self.now <= self.back_at + MAKING
        complete = self.complete
        allowances = [self.timeline.in_force(at).schedule.outage_allowance for at in (self.wall, complete.published_at)]
        away = timedelta(0) if self.away_since is None else self.now - self.away_since
        wrong = max(self.offsets) - min(self.offsets)
        return max(away, self.longest_away) + wrong > min(allowances)

    def _look_for_revocations(self) -> None:
        if self.away_since is not None or self.process is None:
            return
        covered = max(crl.covers for crl in (self.complete, self.delta) if crl is not None)
        if covered == len(self.revocations):
            return
        first = max(self.revocations[covered], self.back_at)
        within = min(
            version.schedule.publish_within
            for version in (self.timeline.in_force(self.wall), self.timeline.in_force(first + self.offset))
        )
        assert self.now <= first + within, f"{self.now}: the revocation of {self.revocations[covered]} is missing"

    def _look_for_the_routine(self, crl: Crl) -> None:
        """A process that made a CRL makes the next one when so much time has passed, whatever its clock says."""
        due = self.timeline.next_due(crl.published_at)
        if due is None or self.process is None or self.away_since is not None or self.process.since > crl.made_at:
            return
        passed = crl.made_at + (due - crl.published_at)
        assert self.now <= max(passed, self.changed_at, self.back_at) + MAKING, f"{self.now}: {crl} has no successor"

    def _is_away(self) -> None:
        if self.away_since is None:
            self.away_since = self.now

    def _is_back(self) -> None:
        if self.away_since is not None and self.process is not None and self.signs:
            self.longest_away = max(self.longest_away, self.now - self.away_since)
            self.away_since = None
            # After a failure it waits for a minute at most.
            self.back_at = self.now + MAKING

    def _poll(self) -> None:
        process = self.process
        if process is None:
            return
        monotonic = (self.now - process.since).total_seconds()
        complete, delta = self.complete, self.delta
        covered = 0 if complete is None else complete.covers
        delta_covered = max(covered, 0 if delta is None else delta.covers)
        state = ScopeState(
            now=self.wall,
            monotonic=monotonic,
            complete=None if complete is None else LastPublication(complete.number, complete.published_at),
            delta=None if delta is None else LastPublication(delta.number, delta.published_at),
            is_sound=complete is None or complete.next_update > self.wall,
            is_uncovered=covered < len(self.revocations),
            is_delta_uncovered=delta_covered < len(self.revocations),
        )
        due = process.watch.due(self.timeline, state)
        if due is None:
            return
        if not self.signs:
            process.watch.failed(monotonic)
            return
        made = self._publish(due.kind)
        interval = self.timeline.in_force(self.wall).schedule.minimum_interval
        process.watch.succeeded(due, LastPublication(made.number, made.published_at), state, interval)

    def _publish(self, kind: CrlKind) -> Crl:
        """With the rules of issuance: one order in time with the journal, and nothing goes backwards."""
        version = self.timeline.in_force(moment := max(self.wall, self.last_at))
        self.last_at = moment
        kinds = [CrlKind.DELTA] if kind is CrlKind.DELTA else [CrlKind.COMPLETE]
        if kind is CrlKind.COMPLETE and version.schedule.delta_period is not None:
            kinds.append(CrlKind.DELTA)
        number = max(
            max((crl.number for crl in (self.complete, self.delta) if crl is not None), default=0) + 1,
            int(moment.timestamp()),
        )
        for each in kinds:
            before = self.delta if each is CrlKind.DELTA else self.complete
            this_update = moment - version.schedule.backdate
            if before is not None:
                this_update = max(this_update, before.this_update)
            next_update = version.schedule.next_update(this_update, delta=each is CrlKind.DELTA)
            latest = version.schedule.latest_next_update(this_update)
            if before is not None and each is CrlKind.COMPLETE:
                next_update = max(next_update, before.next_update)
            next_update = min(next_update, latest)
            made = Crl(each, number, self.now, self.wall, this_update, next_update, len(self.revocations))
            self._never_backwards(before, made)
            if each is CrlKind.DELTA:
                self.delta = made
            else:
                self.complete = made
        if kind is CrlKind.COMPLETE:
            self.longest_away = timedelta(0)
        return made

    @staticmethod
    def _never_backwards(before: Crl | None, made: Crl) -> None:
        if before is not None:
            assert made.number > before.number
            assert made.this_update >= before.this_update
            assert made.covers >= before.covers
            if made.kind is CrlKind.COMPLETE:
                assert made.next_update >= before.next_update, f"{made} after {before}"

    def _next_instant(self) -> datetime:
        """The next instant at which anything could be due, by any clock that ever was; found without the watch."""
        return min(self._instants())

    def _instants(self) -> Iterator[datetime]:
        covered = max((crl.covers for crl in (self.complete, self.delta) if crl is not None), default=0)
        if not self.signs or self.process is None:
            yield self.now + timedelta(hours=6)
        elif self.complete is None or covered < len(self.revocations):
            yield self.now + POLL
        if self.back_at > self.now:
            yield self.now + timedelta(seconds=20)
        for offset in self.offsets:
            due = self.timeline.next_due(self.now + offset, CrlKind.DELTA)
            if due is not None:
                yield due - offset
        yield self.now + timedelta(days=1)
