"""The load: wrk on a core of its own, with the requests of a file."""

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .processes import LOAD_CORE, needed

_SCRIPT = Path(__file__).with_name("wrk.lua")
CONNECTIONS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What wrk saw: requests per second, and latencies in ms. *failed* counts lost ones and all but status 200."""

    requests: int
    rate: float
    failed: int
    median: float
    p99: float
    longest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Complete HTTP requests to send in turn; with *nonce*, 32 random octets are sent behind each."""

    host: str
    requests: Sequence[bytes]
    nonce: bool = False
    connections: int = CONNECTIONS


def load(plan: Plan, seconds: float) -> Load:
    """Send for so many seconds, and wait for the end.

    Raises:
        NotHere: when wrk is not installed.
    """
    with loading(plan, seconds) as process:
        said, _ = process.communicate()
    return _read(said)


@contextlib.contextmanager
def loading(plan: Plan, seconds: float) -> Iterator["subprocess.Popen[str]"]:
    """A running wrk that sends *plan* in the background; it is ended with the block."""
    needed(("wrk", "wrk"))
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "requests"
        lines.write_text("".join(f"{each.hex()}\n" for each in plan.requests))
        command = [
            "taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{plan.connections}", f"-d{max(1, round(seconds))}s",
            "--timeout", "10s", "-s", str(_SCRIPT), f"http://{plan.host}/", "--", str(lines),
            *(["nonce"] if plan.nonce else []),
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def _read(said: str) -> Load:
    line = next(line for line in said.splitlines() if line.startswith("@"))
    found = json.loads(line[1:])
    return Load(
        requests=found["requests"],
        rate=found["requests"] / (found["microseconds"] / 1e6),
        failed=found["failed"],
        median=found["median"] / 1000,
        p99=found["p99"] / 1000,
        longest=found["longest"] / 1000,
    )
