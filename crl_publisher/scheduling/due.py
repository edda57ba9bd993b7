"""The one decision: whether a complete CRL, a delta or nothing is due now, and why.

The running publisher asks it twice a second, and so does the property test, on a clock of its own. It looks at what is
recorded and public, at the schedule, and at two clocks: the wall's, which schedules are written in, and one that no
step touches, so that a wall clock that was set back never stops the routine.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pki_revocation.host.back_off import BackOff

from .schedule import AfterRevocation, Schedule
from .timeline import EVER, CrlKind, Timeline

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 2.0, 60.0


class Cause(StrEnum):
    """Why something is published, in the words of the log."""

    REQUESTED = "requested"
    NONE_PUBLIC = "none is public"
    NOT_SOUND = "what is public is not the last one, or lapsed"
    REVOCATION = "revocation"
    ROUTINE = "routine"


@dataclass(frozen=True, slots=True)
class Due:
    """What to publish, and why."""

    kind: CrlKind
    cause: Cause


@dataclass(frozen=True, slots=True)
class LastPublication:
    """The last CRL of a kind that the record has as published.

    A CA's very last one is followed by none, not even on request (ETSI EN 319 411-1 CSS-6.3.9-06).
    """

    number: int
    published_at: datetime
    is_final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeState:
    """All that one scope's decision hangs on, as it is at this moment.

    *complete* and *delta* are what was recorded last; *is_public* says that a complete CRL is where relying parties
    fetch it, and *is_sound* that it is the recorded one and valid. *is_uncovered* and *is_delta_uncovered* say that the
    journal has a row that the last complete CRL, or also the last delta, lacks. *monotonic* is in seconds.
    """

    now: datetime
    monotonic: float
    complete: LastPublication | None
    delta: LastPublication | None = None
    is_public: bool = True
    is_sound: bool = True
    is_uncovered: bool = False
    is_delta_uncovered: bool = False
    is_asked: bool = False


@dataclass(slots=True)
class _Pace:
    """When this process first saw the last CRL of a kind, on both clocks."""

    number: int | None = None
    wall: datetime = EVER
    monotonic: float = 0.0
    since: datetime = EVER

    def see(self, last: LastPublication, now: datetime, monotonic: float) -> None:
        """Remember when this one was first seen."""
        if self.number != last.number:
            self.number, self.wall, self.monotonic = last.number, now, monotonic
            # A CRL of the future is no guide, once the clock that dated it was set back.
            self.since = min(last.published_at, now)

    def is_routine_due(self, timeline: Timeline, kind: CrlKind, last: LastPublication, state: ScopeState) -> bool:
        """Whether a run came behind the last CRL: by the wall's clock, or by the time that really passed."""
        self.see(last, state.now, state.monotonic)
        passed = self.wall + timedelta(seconds=int(state.monotonic - self.monotonic))
        due = timeline.next_due(self.since, kind)
        return due is not None and due <= max(state.now, passed)


@dataclass(slots=True)
class DueTracker:
    """What a process knows of one scope beside the record: its pace, and the pauses that it keeps.

    *promptly* bounds in seconds the pause behind what may be over at any moment, such as a full disk or a token that is
    away, so that work resumes within the time in which a revocation must be on a CRL.
    """

    not_before: float = 0.0
    promptly: float = _LONGEST_PAUSE_SECONDS
    _back_off: BackOff = field(
        default_factory=lambda: BackOff(first=_FIRST_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS)
    )
    _complete: _Pace = field(default_factory=_Pace)
    _delta: _Pace = field(default_factory=_Pace)

    def is_held(self, state: ScopeState) -> bool:
        """Whether it is too early for anything: after a failure, or so soon after the last CRL.

        A request is not kept waiting.
        """
        return state.monotonic < self.not_before and not state.is_asked

    def due(self, timeline: Timeline, state: ScopeState) -> Due | None:
        """Which CRL of the scope is to be published now, and why; None while none is."""
        schedule = timeline.in_force(state.now).schedule
        # Both are looked at each time: whichever is seen first begins its pace then.
        is_routine = state.complete is not None and self._complete.is_routine_due(
            timeline, CrlKind.COMPLETE, state.complete, state
        )
        newest = max(
            (each for each in (state.complete, state.delta) if each is not None),
            key=lambda each: each.number,
            default=None,
        )
        is_delta_routine = newest is not None and self._delta.is_routine_due(timeline, CrlKind.DELTA, newest, state)
        if self.is_held(state) or (state.complete is not None and state.complete.is_final):
            return None
        return (
            self._without_schedule(state)
            or self._complete_due(schedule, state, is_routine=is_routine)
            or self._delta_due(schedule, state, is_routine=is_delta_routine)
        )

    @staticmethod
    def _without_schedule(state: ScopeState) -> Due | None:
        """The CRL that is due without a schedule: on request, or because the public one is missing or not sound."""
        if state.is_asked:
            return Due(CrlKind.COMPLETE, Cause.REQUESTED)
        if state.complete is None or not state.is_public:
            return Due(CrlKind.COMPLETE, Cause.NONE_PUBLIC)
        return None if state.is_sound else Due(CrlKind.COMPLETE, Cause.NOT_SOUND)

    @staticmethod
    def _complete_due(schedule: Schedule, state: ScopeState, *, is_routine: bool) -> Due | None:
        if state.is_uncovered and schedule.after_revocation is AfterRevocation.COMPLETE:
            return Due(CrlKind.COMPLETE, Cause.REVOCATION)
        return Due(CrlKind.COMPLETE, Cause.ROUTINE) if is_routine else None

    @staticmethod
    def _delta_due(schedule: Schedule, state: ScopeState, *, is_routine: bool) -> Due | None:
        if schedule.delta_period is None:
            return None
        if state.delta is None:
            return Due(CrlKind.DELTA, Cause.NONE_PUBLIC)
        if state.is_delta_uncovered and schedule.after_revocation is AfterRevocation.DELTA:
            return Due(CrlKind.DELTA, Cause.REVOCATION)
        return Due(CrlKind.DELTA, Cause.ROUTINE) if is_routine else None

    def succeeded(self, due: Due, published: LastPublication, state: ScopeState, minimum_interval: timedelta) -> None:
        """Note that what was due was published: the next one comes *minimum_interval* later at least."""
        self._back_off.worked()
        self.not_before = state.monotonic + minimum_interval.total_seconds()
        # From here on the routine has its pace, also if the clock is set before the next look.
        self._delta.see(published, state.now, state.monotonic)
        if due.kind is CrlKind.COMPLETE:
            self._complete.see(published, state.now, state.monotonic)

    def held_back(self, state: ScopeState, minimum_interval: timedelta) -> None:
        """Note that there was nothing to publish after all: the next look comes *minimum_interval* later."""
        self.not_before = state.monotonic + minimum_interval.total_seconds()

    def failed(self, monotonic: float, *, may_pass: bool = False) -> float:
        """Note a failure; give the seconds to the next attempt, which double with each one.

        *may_pass* says that its cause may be gone at any moment, and that trying costs little.
        """
        pause = self._back_off.failed()
        if may_pass:
            pause = min(pause, max(self.promptly, _FIRST_PAUSE_SECONDS))
        self.not_before = monotonic + pause
        return pause
