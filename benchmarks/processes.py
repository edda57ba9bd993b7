"""Programs on a core of their own, and what they cost: the server on core 0, the load on core 1."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from tests.integration.running_demo import environment

SERVER_CORE, LOAD_CORE = 0, 1
# Debian puts nginx where only root's path leads.
os.environ["PATH"] += os.pathsep + "/usr/sbin"
_START_SECONDS = 120
_END_SECONDS = 15


class NotHere(Exception):
    """A program is missing or does not start: a row that says why, and not a failure of the others."""


def needed(*programs: tuple[str, str]) -> None:
    """Refuse to begin without these (program, Debian package).

    Raises:
        NotHere: naming what to install.
    """
    missing = [package for program, package in programs if shutil.which(program) is None]
    if missing:
        raise NotHere(f"missing here: apt-get install {' '.join(missing)}")


def two_cores() -> None:
    """End with a sentence where server and load would share a core.

    Raises:
        SystemExit: when this process may use fewer than two.
    """
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        sys.exit("Benchmarks need cores 0 and 1: one for the server, the other for the load.")


@contextlib.contextmanager
def pinned(
    command: Sequence[str | Path], *cores: int, log: Path, folder: Path | None = None
) -> Iterator[psutil.Process]:
    """A program on these cores until the block ends; what it prints goes to *log*."""
    line = ["taskset", "-c", ",".join(map(str, cores)), *map(str, command)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment(), cwd=folder
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_port(port: int, process: psutil.Process, log: Path) -> None:
    """Wait until the process listens.

    Raises:
        NotHere: when the process ends before, or does not listen for long; with the last line of its log.
    """
    deadline = time.monotonic() + _START_SECONDS
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    said = log.read_text(errors="replace").strip().splitlines()
    raise NotHere(f"does not start: {said[-1] if said else 'it prints nothing'}")


def family(process: psutil.Process) -> list[psutil.Process]:
    """A process and all its descendants."""
    return [process, *process.children(recursive=True)]


def cpu_seconds(process: psutil.Process) -> float:
    """What the family has used of the processor so far, user and system."""
    return cpu_of(family(process))


def cpu_of(processes: Sequence[psutil.Process]) -> float:
    """What these have used of the processor so far, user and system, and what their children had that have ended."""
    spent = 0.0
    for each in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            spent += times.user + times.system + times.children_user + times.children_system
    return spent


def pss_mib(process: psutil.Process) -> float:
    """The family's memory; what several share is counted once (proportional set size)."""
    return pss_of(family(process)) / 2**20


def pss_of(processes: Sequence[psutil.Process]) -> int:
    """The memory of these, in octets, as proportional set size."""
    return sum(each.memory_full_info().pss for each in processes)


def free_port() -> int:
    """A port of this machine that no process listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
