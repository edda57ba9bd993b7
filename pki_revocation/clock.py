"""Time: aware, UTC, whole seconds (RFC 5280 section 4.1.2.5: no fractions; RFC 6960 section 4.2.2.1)."""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Protocol

# Two clocks that are further apart contradict each other: NTP slews what is less, and nobody dates by the fraction.
APART = timedelta(seconds=5)
# The kernel is asked at least so often, and whenever this process's clock does not just tick on.
_KERNEL_SECONDS = 30
_TICK_SECONDS = 2


class Clock(Protocol):
    """Where the time comes from: a constructor argument everywhere, so that time is a test's input."""

    def now(self) -> datetime:
        """The present second, aware, in UTC, without a fraction."""
        ...


@dataclass(frozen=True, slots=True)
class KernelClock:
    """The kernel's two clocks, read past the C library, which may be told another time (libfaketime, a wrong library).

    *proc* is where the kernel says them. A container whose `/proc/uptime` is not the kernel's own (lxcfs) has a boot
    clock all the same, and no wall clock of the kernel's.
    """

    proc: Path = Path("/proc")

    def boot_id(self) -> str | None:
        """What tells this start of the machine from all others; None where the kernel has no such thing."""
        try:
            return (self.proc / "sys/kernel/random/boot_id").read_text().strip()[:36] or None
        except OSError:
            return None

    def boot_seconds(self) -> float | None:
        """Seconds since the machine started, suspension included: CLOCK_BOOTTIME, which cannot be set."""
        try:
            if self._is_own:
                return float((self.proc / "uptime").read_text().split()[0])
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        except (OSError, ValueError, IndexError, AttributeError):
            return None

    def ticks(self) -> float:
        """Seconds that only go on, without a system call: how old something is that was read a moment ago."""
        return time.monotonic()

    def wall_seconds(self) -> int | None:
        """Unix seconds by the kernel, at most one too early; None where they cannot be known past the C library."""
        try:
            if not self._is_own:
                return None
            begun = next(line for line in (self.proc / "stat").read_text().splitlines() if line.startswith("btime "))
            return int(int(begun.split()[1]) + float((self.proc / "uptime").read_text().split()[0]))
        except (OSError, ValueError, IndexError, StopIteration):
            return None

    @property
    def _is_own(self) -> bool:
        return os.stat(self.proc / "uptime").st_dev == os.stat(self.proc).st_dev  # noqa: PTH116 - as the hot path has it


class SystemClock:
    """The machine's clock, in UTC and whole seconds: the kernel's, whatever this process is told instead."""

    def __init__(self, kernel: KernelClock = KernelClock()) -> None:
        """*kernel* is what this process's own clock is held against."""
        self._kernel = kernel
        # The process's second, what was answered for it, how far it is off, and when the kernel is asked again.
        # One value, because several threads read and write it.
        self._held = (-1, datetime.fromtimestamp(0, UTC), 0, 0)

    def now(self) -> datetime:
        """The present second; the fraction is cut off, so that it is never in the future."""
        second = int(time.time())
        told, moment, ahead, ask_at = self._held
        if second == told:
            return moment
        if not 0 < second - told <= _TICK_SECONDS or second >= ask_at:
            ahead, ask_at = self._seconds_ahead(second), second + _KERNEL_SECONDS
        moment = datetime.fromtimestamp(second - ahead, UTC)
        self._held = (second, moment, ahead, ask_at)
        return moment

    def ahead(self) -> timedelta:
        """How far this process's clock is before the kernel's; nothing for what the kernel's precision hides."""
        return timedelta(seconds=self._seconds_ahead(int(time.time())))

    def _seconds_ahead(self, second: int) -> int:
        wall = self._kernel.wall_seconds()
        if wall is None or abs(second - wall) <= APART.total_seconds():
            return 0
        return second - wall


def whole_second(moment: datetime) -> datetime:
    """The same moment in UTC, without its fraction.

    Raises:
        ValueError: when the moment has no time zone.
    """
    if moment.tzinfo is None:
        message = f"{moment.isoformat()} has no time zone"
        raise ValueError(message)
    return moment.astimezone(UTC).replace(microsecond=0)


# A storm of revocations has one moment, and each of its rows is digested with it.
@lru_cache(maxsize=1024)
def iso(moment: datetime) -> str:
    """How a moment is written in answers and logs: 2026-11-23T14:03:22Z."""
    # Ten times as fast as strftime, and a million rows of a journal are written so.
    return whole_second(moment).isoformat().removesuffix("+00:00") + "Z"
