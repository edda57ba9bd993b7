"""Waits for what other processes and threads do, as long as a machine that does other things beside may take.

A limit is there to end a test that hangs. Where it is a promise of the product, `patience` gives the promise on a quiet
machine, and stretches it by what the machine is behind.
"""

import os
import time
from collections.abc import Callable

_SECONDS = 60.0
_PAUSE_SECONDS = 0.02
_SPIN_SECONDS = 0.02


def wait_until(holds: Callable[[], object], seconds: float = _SECONDS, what: str = "it") -> float:
    """Wait for a condition; give the seconds that it took.

    Args:
        holds: asked again and again until what it gives is true.
        seconds: the longest that it may take where nothing else runs.
        what: happens, for the complaint.

    Raises:
        AssertionError: when it does not come true.
    """
    begun = time.monotonic()
    while not holds():
        taken = time.monotonic() - begun
        assert taken < seconds or taken < patience(seconds), f"{what} did not happen within {patience(seconds):.0f} s"
        time.sleep(_PAUSE_SECONDS)
    return time.monotonic() - begun


def patience(seconds: float) -> float:
    """So many seconds on a quiet machine, and as many more as this one is slower now."""
    return seconds * slowness()


def slowness() -> float:
    """How many times longer work takes here than it would alone: 1 on a machine that has a core to spare for it."""
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    begun, used = time.monotonic(), time.thread_time()
    while time.thread_time() - used < _SPIN_SECONDS:
        pass
    return max(1.0, waiting, (time.monotonic() - begun) / _SPIN_SECONDS)
