"""A machine with a clock that can be set and a boot clock that cannot: time passes on both."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import KernelClock
from pki_revocation.database.engine import Database
from pki_revocation.database.sound_clock import SoundClock
from pki_revocation.register.clock_look import ClockLook
from tests.fakes import FakeClock


@dataclass(slots=True)
class _Boot:
    """A start of the machine, and how long ago it was."""

    id: str
    seconds: float
    ticks: float = 0.0


@dataclass(frozen=True, slots=True)
class _Kernel(KernelClock):
    """What a machine's kernel says."""

    boot: _Boot = field(default_factory=lambda: _Boot(str(uuid.uuid4()), 1000.0))

    def boot_id(self) -> str:
        """The start's."""
        return self.boot.id

    def boot_seconds(self) -> float:
        """Since the start."""
        return self.boot.seconds

    def ticks(self) -> float:
        """With the boot clock, over all starts."""
        return self.boot.ticks


class Machine:
    """Its *wall* clock can be stepped; *kernel* has its boot clock."""

    def __init__(self, start: datetime) -> None:
        """Started a thousand seconds ago, with the right time."""
        self.wall = FakeClock(start)
        self._boot = _Boot(str(uuid.uuid4()), 1000.0)
        self.kernel = _Kernel(boot=self._boot)

    def wait(self, length: timedelta) -> None:
        """Let time pass."""
        self.wall.advance(length)
        self._boot.seconds += length.total_seconds()
        self._boot.ticks += length.total_seconds()

    def step(self, length: timedelta) -> None:
        """Set the wall clock on, or back."""
        self.wall.advance(length)

    def restart(self, off: timedelta = timedelta()) -> None:
        """Start anew after some time, with the wall clock *off* from the right time."""
        self._boot.id, self._boot.seconds = str(uuid.uuid4()), 10.0
        self.wall.advance(off)

    def process(self, database: Database) -> "Process":
        """A process that starts now."""
        return Process(self, database)


class Process:
    """A process's clock, and the look that is taken for it."""

    def __init__(self, machine: Machine, database: Database) -> None:
        """It looks at its start."""
        self.clock = SoundClock(machine.wall, machine.kernel)
        self.audit = AuditTrail(self.clock)
        self.look = ClockLook(database, self.clock, self.audit)
        self.look.take()
