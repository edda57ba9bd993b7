"""What a worker tells its parent once a second: that it serves, and what keeps it from doing so well.

A worker that is starting, stuck, stopped or dead says nothing, and that is what the parent goes by.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

_BEAT_SECONDS = 1.0
# Five missed: a busy machine may keep a process waiting for one or two.
_EXPIRY_SECONDS = 6.0
# A line is written whole or not at all when it is shorter than PIPE_BUF.
_LONGEST_OCTETS = 1000
_READ_OCTETS = 1 << 16


class Heartbeat:
    """The worker's side: writes once in a while that it serves, and what troubles it."""

    def __init__(self, pipe: Connection, trouble: Callable[[], str | None]) -> None:
        """Write to *pipe*; *trouble* gives a sentence, or None."""
        self._pipe = pipe
        self._trouble = trouble
        os.set_blocking(pipe.fileno(), False)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """The worker serves; from now until the loop ends."""
        line = (self._trouble() or "").replace("\n", " ").encode()[:_LONGEST_OCTETS] + b"\n"
        # A parent that reads nothing, or is gone, is not the worker's concern.
        with contextlib.suppress(OSError):
            os.write(self._pipe.fileno(), line)
        loop.call_later(_BEAT_SECONDS, self.start, loop)


class HeartbeatMonitor:
    """The parent's side: what it last heard of one worker."""

    def __init__(self, pipe: Connection, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Read what the worker writes from *pipe*; *monotonic* gives seconds that never go back."""
        self.pipe = pipe
        self._monotonic = monotonic
        self._heard_at: float | None = None
        self.trouble: str | None = None

    @property
    def serves(self) -> bool:
        """Whether the worker has said so lately."""
        return self._heard_at is not None and self._monotonic() - self._heard_at < _EXPIRY_SECONDS

    def listen(self) -> bool:
        """Take what was said, when there is something; False when nothing will come any more."""
        said = os.read(self.pipe.fileno(), _READ_OCTETS)
        if said:
            self._heard_at = self._monotonic()
            self.trouble = said.splitlines()[-1].decode(errors="replace") or None
        return bool(said)
