"""The machine's clock, read past a C library that is told another time."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pki_revocation.clock import KernelClock, SystemClock

BOOTED, UP = 1_800_000_000, 5000.5


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """What a kernel says of itself."""
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text("00737505-c0f7-49f3-a6f5-5d735387f030\n")
    (tmp_path / "uptime").write_text(f"{UP} 9999.1\n")
    (tmp_path / "stat").write_text(f"cpu 1 2 3\nintr 5\nbtime {BOOTED}\nprocesses 7\n")
    return tmp_path


def test_kernel_is_read(proc: Path) -> None:
    """Boot clock, boot id, and the time of day by both."""
    kernel = KernelClock(proc)
    assert kernel.boot_id() == "00737505-c0f7-49f3-a6f5-5d735387f030"
    assert (kernel.boot_seconds(), kernel.wall_seconds()) == (UP, BOOTED + 5000)


@pytest.mark.parametrize("missing", ["uptime", "stat"])
def test_kernel_that_says_nothing_is_no_witness(proc: Path, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one whose files hold something else; the clock goes on alone."""
    monkeypatch.setattr(time, "time", lambda: float(BOOTED))
    (proc / missing).write_text("nothing\n")
    assert KernelClock(proc).wall_seconds() is None
    (proc / missing).unlink()
    assert KernelClock(proc).wall_seconds() is None
    assert SystemClock(KernelClock(proc)).now() == datetime.fromtimestamp(BOOTED, UTC)


def test_this_machine_has_one() -> None:
    """The two files agree with the system's call."""
    kernel = KernelClock()
    assert kernel.boot_seconds() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=2)
    assert kernel.wall_seconds() == pytest.approx(time.time(), abs=3)
    assert SystemClock().ahead() == timedelta()


@pytest.mark.parametrize("off", [-7200, -6, 6, 7200, 10**6])
def test_process_that_is_told_another_time_has_the_kernels(
    proc: Path, off: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the second on in which it is, and right again from the second on in which it is not."""
    told = [BOOTED + 5000.2]
    monkeypatch.setattr(time, "time", lambda: told[0])
    clock = SystemClock(KernelClock(proc))
    right = datetime.fromtimestamp(BOOTED + 5000, UTC)
    assert clock.now() == right
    told[0] += off
    assert clock.now() == right
    assert clock.ahead() == timedelta(seconds=off)
    told[0] -= off
    assert clock.now() == right


def test_kernel_is_asked_when_the_clock_does_more_than_tick(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every half minute and after each step: what stands in the way of every answer costs no system call."""
    told, asked = [BOOTED + 5000], list[int]()
    monkeypatch.setattr(time, "time", lambda: told[0])

    class Counted(KernelClock):
        def wall_seconds(self) -> int | None:
            asked.append(1)
            return told[0]

    clock = SystemClock(Counted(proc))
    for _ in range(100):
        clock.now()
    assert len(asked) == 1
    for _ in range(29):
        told[0] += 1
        clock.now()
    assert len(asked) == 1
    told[0] += 1
    clock.now()
    assert len(asked) == 2
