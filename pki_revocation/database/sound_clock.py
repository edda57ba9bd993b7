"""What is dated is held against a second clock, so that an error of one of them dates nothing ahead.

Three clocks witness a moment: the machine's, the boot clock counted on from a mark (`clock_marks`), and on PostgreSQL
the server's. Where two of them agree they are right, whatever the third says. Where none do, what is dated gets the
earliest, because a revocation or an answer that is dated ahead protects no relying party until then.

Nothing here asks the database: a `ClockKeeper` tells the mark and the server's time now and then, and both are counted
on with the boot clock. So the moment costs a system call a second, however often it is asked for.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations

from pki_revocation.clock import APART, Clock, KernelClock

from .clock_marks import ClockMark

# Where no second clock speaks, what lies further ahead than this is no guide: the clock was wrong when it was written.
FAR_AHEAD = timedelta(days=1)
_SECOND = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The present, as the clocks have it.

    *moment* is what is dated now. Nothing that was dated rightly lies after *latest*. *agreed* says that two clocks
    vouch for that, so that what does lie after it is wrong for certain.
    """

    moment: datetime
    latest: datetime
    agreed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnesses:
    """What each clock says of the present; None for one that says nothing."""

    machine: datetime
    boot: datetime | None = None
    server: datetime | None = None

    def judgement(self) -> Judgement:
        """Two that agree are right, the server's first, because all machines have it; else the earliest counts."""
        known = [each for each in (self.server, self.machine, self.boot) if each is not None]
        for one, other in combinations(known, 2):
            if abs(one - other) <= APART:
                return Judgement(moment=one, latest=max(one, other) + APART, agreed=True)
        earliest = min(known)
        return Judgement(moment=earliest, latest=earliest + FAR_AHEAD, agreed=False)

    @property
    def trouble(self) -> str | None:
        """What contradicts the machine's clock, in a sentence; None while nothing does."""
        others = (("the boot clock", self.boot), ("the database server's", self.server))
        apart = [(name, self.machine - each) for name, each in others if each is not None]
        said = [
            f"{abs(by.total_seconds()):.0f} s {'ahead of' if by > timedelta() else 'behind'} {name}"
            for name, by in apart
            if abs(by) > APART
        ]
        return f"this machine's clock is {' and '.join(said)}" if said else None


class SoundClock:
    """The present moment as the clocks have it; for many threads, and as cheap as the machine's clock."""

    def __init__(self, machine: Clock, kernel: KernelClock, mark: ClockMark | None = None) -> None:
        """Hold *machine* against the boot clock of *kernel*, counted on from *mark*; without one it stands alone."""
        self.machine = machine
        self.kernel = kernel
        self.mark = mark
        self._server_offset: float | None = None
        # The machine's second, until when it lasts at most, and what was answered for it.
        self._held: tuple[datetime, float, Judgement] | None = None

    def now(self) -> datetime:
        """The present second: what is dated now."""
        return self.judgement().moment

    def judgement(self) -> Judgement:
        """The present, and what certainly lies after it."""
        machine = self.machine.now()
        held, ticks = self._held, self.kernel.ticks()
        # A clock that is set about may come to the same second again.
        if held is not None and held[0] == machine and ticks < held[1]:
            return held[2]
        found = self.witnesses(machine).judgement()
        self._held = (machine, ticks + _SECOND, found)
        return found

    def witnesses(self, machine: datetime | None = None) -> Witnesses:
        """What each clock says now."""
        machine = machine or self.machine.now()
        boot, mark, offset = self.kernel.boot_seconds(), self.mark, self._server_offset
        if boot is None:
            return Witnesses(machine=machine)
        return Witnesses(
            machine=machine,
            boot=mark.moment(boot) if mark is not None and mark.is_proven else None,
            server=None if offset is None else datetime.fromtimestamp(int(boot + offset), UTC),
        )

    def hear_mark(self, mark: ClockMark | None) -> None:
        """Count on from another mark."""
        self.mark = mark
        self._held = None

    def hear_server(self, seconds: float) -> None:
        """Count on from what the database's server said just now, in Unix seconds."""
        boot = self.kernel.boot_seconds()
        if boot is not None:
            self._server_offset = seconds - boot
            self._held = None


def judgement(clock: Clock) -> Judgement:
    """What a clock knows of the present; one that stands alone vouches for nothing."""
    if isinstance(clock, SoundClock):
        return clock.judgement()
    now = clock.now()
    return Judgement(moment=now, latest=now + FAR_AHEAD, agreed=False)
