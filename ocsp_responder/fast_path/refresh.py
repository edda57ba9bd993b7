"""A request is answered after a look at the journal that began when the request had arrived whole.

That look is what keeps `good` from being said after a confirmation. In a file it takes a few microseconds, and the
server's loop takes it for all requests of one turn. Over a network it takes a thread's time: one look at a time, each
for all requests that came before it began, so that many clients cost one statement.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from .journal_reader import JournalChanges, JournalUnavailable
from .journal_watch import JournalWatch

_log = logging.getLogger(__name__)
Then = Callable[[], None]
# A database that has not answered for so long does not count as answering.
TIMEOUT_SECONDS = 2.0


class JournalRefresh(Protocol):
    """How the journal is looked at on behalf of requests; both methods are called in the loop's thread."""

    def after_refresh(self, then: Then) -> None:
        """Call *then* when a look that begins now or later has been applied, or could not be."""
        ...

    def stop(self) -> None:
        """Begin no further look, and wait for one that is in progress."""
        ...


def refresh_for(watch: JournalWatch, loop: asyncio.AbstractEventLoop) -> JournalRefresh:
    """The way that suits the watch's journal."""
    return ThreadedRefresh(watch, loop, timeout=TIMEOUT_SECONDS) if watch.journal.waits else InlineRefresh(watch)


class InlineRefresh:
    """For a journal in a file: the look is taken in the loop, before the call returns."""

    def __init__(self, watch: JournalWatch) -> None:
        """Have *watch* look."""
        self._watch = watch

    def after_refresh(self, then: Then) -> None:
        """Look now, and call *then* at once, whatever came of it."""
        self._watch.refresh()
        then()

    def stop(self) -> None:
        """Nothing is in progress between two calls."""


class ThreadedRefresh:
    """For a journal over a network: a thread looks, one look at a time.

    Two lists of calls wait: those for the look in progress, and those that came since it began. The latter need
    another look, because what was committed meanwhile may have been confirmed before they asked.
    """

    def __init__(self, watch: JournalWatch, loop: asyncio.AbstractEventLoop, *, timeout: float) -> None:
        """Have *watch* look; after *timeout* seconds without a result no worker can know what is good."""
        self._watch = watch
        self._loop = loop
        self._timeout = timeout
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="journal-look")
        # What waits for the look after the one in progress, and for the one in progress; None while there is none.
        self._next: list[Then] = []
        self._refreshing: list[Then] | None = None

    def after_refresh(self, then: Then) -> None:
        """Call *then* after the next look that begins: never after the one in progress, which may be too old."""
        self._next.append(then)
        if self._refreshing is None:
            self._begin()

    def stop(self) -> None:
        """Let the look in progress end, which the database's own timeouts bound."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _begin(self) -> None:
        self._refreshing, self._next = self._next, []
        # Each look has an alarm of its own. The thread cannot be interrupted, so that the alarm frees those that wait
        # and the look stays in progress: no second one is begun beside it.
        alarm = self._loop.call_later(self._timeout, self._give_up)
        poll = self._loop.run_in_executor(self._executor, self._watch.prepare_poll())
        poll.add_done_callback(lambda done: self._end(done, alarm))

    def _end(self, done: asyncio.Future[JournalChanges | None], alarm: asyncio.TimerHandle) -> None:
        alarm.cancel()
        if done.cancelled():
            return
        error = done.exception()
        # First the look ends, so that one of those that are called below may ask for another.
        waiting, self._refreshing = self._refreshing or [], None
        # What was found is applied even where the alarm has gone off: it is true, however late, and the worker becomes
        # current again with it.
        if error is None:
            self._watch.accept(done.result())
        else:
            if not isinstance(error, JournalUnavailable):
                _log.error("the journal could not be looked at", exc_info=error)
            self._watch.mark_unavailable(str(error))
        _call(waiting)
        # Unless one of them wanted another look, and it has begun.
        if self._next and self._refreshing is None:
            self._begin()

    def _give_up(self) -> None:
        """The look has not come back: answer those that wait for it, and those that came meanwhile."""
        # The order matters. First nothing is current any more, so that what is called below says tryLater, or
        # `revoked` where that is known, and never `good` of what was kept.
        self._watch.mark_unavailable(f"The database has not answered for {self._timeout:.0f} seconds.")
        # Both lists are emptied, and the empty one still says that a look is in progress: a client that comes from now
        # on is put into `_next` and would wait for it without end.
        waiting, self._refreshing, self._next = [*(self._refreshing or []), *self._next], [], []
        # So they are freed in turn, once in each timeout, for as long as the thread hangs.
        self._loop.call_later(self._timeout, self._give_up_if_pending)
        _call(waiting)

    def _give_up_if_pending(self) -> None:
        # Two ways in which there is nothing to free. No look is in progress: it came back, and what waited has been
        # called. Or the watch is current: it came back, and this is another look, which has an alarm of its own.
        if self._refreshing is not None and not self._watch.is_current:
            self._give_up()


def _call(waiting: list[Then]) -> None:
    """Call each by itself: an error of one keeps no other one waiting."""
    for then in waiting:
        try:
            then()
        except Exception:  # noqa: BLE001 - whatever it is, looking goes on, or no request would be answered any more
            _log.exception("what waited for a look at the journal failed")
