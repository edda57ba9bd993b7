"""What a worker tells once a second: that it serves, and what keeps it from doing so well.

A worker that is starting, stuck, stopped or dead says nothing, and that is what its watcher goes by. The watcher is
the worker's own process where there is one worker (`HeartbeatMonitor.hear`), and its parent, through a pipe, where
there are more.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable

_BEAT_SECONDS = 1.0
# Five missed: a busy machine may keep a process waiting for one or two.
_EXPIRY_SECONDS = 6.0
# A line is written whole or not at all when it is shorter than PIPE_BUF.
_LONGEST_OCTETS = 1000
_READ_OCTETS = 1 << 16
# Begins the line of a worker that cannot start; a trouble's line begins otherwise.
_LAST_WORDS = "\x15"
# Takes a trouble, "" for none.
Beat = Callable[[str], None]


class Heartbeat:
    """The worker's side: writes once a second that it serves, and what keeps it from serving well."""

    def __init__(self, beat: Beat, trouble: Callable[[], str | None]) -> None:
        """Tell *beat*; *trouble* gives a sentence, or None."""
        self._beat = beat
        self._trouble = trouble

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """The worker serves; from now until the loop ends."""
        self._beat(self._trouble() or "")
        loop.call_later(_BEAT_SECONDS, self.start, loop)


class Pipe:
    """Carries beats from a worker to its parent."""

    def __init__(self, descriptor: int) -> None:
        """Write to *descriptor*; it is closed with the process."""
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    def beat(self, trouble: str) -> None:
        """Say that the worker serves; *trouble* is a sentence, or nothing."""
        self._say(trouble.removeprefix(_LAST_WORDS))

    def cannot_start(self, sentence: str) -> None:
        """Say that the worker will never serve, and why."""
        self._say(_LAST_WORDS + sentence)

    def _say(self, text: str) -> None:
        line = text.replace("\n", " ").encode()[:_LONGEST_OCTETS] + b"\n"
        # A parent that reads nothing, or is gone, is not the worker's concern.
        with contextlib.suppress(OSError):
            os.write(self._descriptor, line)


class HeartbeatMonitor:
    """The watcher's side: what it last heard of one worker."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """No beat was heard yet; *monotonic* gives seconds that never go back."""
        self._monotonic = monotonic
        self._heard_at: float | None = None
        self.trouble: str | None = None
        self.last_words: str | None = None

    @property
    def serves(self) -> bool:
        """Whether a beat was heard within the last six seconds."""
        return self._heard_at is not None and self._monotonic() - self._heard_at < _EXPIRY_SECONDS

    @property
    def has_served(self) -> bool:
        """Whether at least one beat was heard."""
        return self._heard_at is not None

    def hear(self, trouble: str) -> None:
        """Take a beat: the worker serves, and *trouble* is a sentence or nothing."""
        self._heard_at = self._monotonic()
        self.trouble = trouble or None

    def listen(self, descriptor: int) -> bool:
        """Read the beats that wait in a pipe; False when its other end is closed."""
        said = os.read(descriptor, _READ_OCTETS)
        if said:
            line = said.decode(errors="replace").splitlines()[-1]
            if line.startswith(_LAST_WORDS):
                self.last_words = line.removeprefix(_LAST_WORDS)
            else:
                self.hear(line)
        return bool(said)
