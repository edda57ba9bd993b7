"""What looks at the journal while no client asks, so that a responder has applied a revocation within 100 ms anyway."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from .refresh import JournalRefresh

if TYPE_CHECKING:
    from .postgresql_journal import JournalListener

# A file is looked at this often; over a network it is the net under the notifications.
FILE_SECONDS = 0.05
NETWORK_SECONDS = 1.0


class Background(Protocol):
    """Something that runs beside the answering; called in the loop's thread."""

    def start(self, loop: asyncio.AbstractEventLoop, refresh: JournalRefresh) -> None:
        """Begin; called once, when the loop runs or is about to."""
        ...

    def stop(self) -> None:
        """End, and leave no thread or timer behind."""
        ...


class PollTrigger:
    """Has the journal looked at in regular intervals."""

    def __init__(self, seconds: float) -> None:
        """Have it looked at every *seconds*."""
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop, refresh: JournalRefresh) -> None:
        """Look now, and again after each interval."""

        def tick() -> None:
            refresh.after_refresh(_nothing)
            self._timer = loop.call_later(self._seconds, tick)

        tick()

    def stop(self) -> None:
        """Cancel the look that is due next."""
        if self._timer is not None:
            self._timer.cancel()


class NotificationTrigger:
    """Looks when the database notifies."""

    def __init__(self, listener: Callable[[Callable[[], None]], "JournalListener"]) -> None:
        """*listener* makes one that calls what it is given."""
        self._make = listener
        self._listener: JournalListener | None = None

    def start(self, loop: asyncio.AbstractEventLoop, refresh: JournalRefresh) -> None:
        """Listen in a thread, which hands each notification over to the loop."""
        self._listener = self._make(lambda: _in_loop(loop, refresh))
        self._listener.start()

    def stop(self) -> None:
        """End the listener's thread."""
        if self._listener is not None:
            self._listener.stop()


def _in_loop(loop: asyncio.AbstractEventLoop, refresh: JournalRefresh) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(refresh.after_refresh, _nothing)


def _nothing() -> None:
    """What a look is followed by that no request waits for."""
