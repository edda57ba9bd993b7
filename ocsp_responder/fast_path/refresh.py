"""Whoever asks for a status waits for one look at the journal that began after the request had arrived.

That look is what keeps `good` from being said after a confirmation. In a file it takes a few microseconds, and the
server's loop takes it for all requests of one turn. Over a network it takes a thread's time: one look at a time, each
for everybody who came before it began, so that many clients cost one statement.
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
    """Both are called in the loop's thread."""

    def after_refresh(self, then: Then) -> None:
        """Call *then* when a look that begins now or later has been applied, or could not be."""
        ...

    def stop(self) -> None:
        """Look no more."""
        ...


def refresh_for(watch: JournalWatch, loop: asyncio.AbstractEventLoop) -> JournalRefresh:
    """The way that suits the watch's journal."""
    return ThreadedRefresh(watch, loop, timeout=TIMEOUT_SECONDS) if watch.journal.waits else InlineRefresh(watch)


class InlineRefresh:
    """For a journal that does not wait."""

    def __init__(self, watch: JournalWatch) -> None:
        """Look with *watch*."""
        self._watch = watch

    def after_refresh(self, then: Then) -> None:
        """As `JournalRefresh` says."""
        self._watch.refresh()
        then()

    def stop(self) -> None:
        """As `JournalRefresh` says."""


class ThreadedRefresh:
    """For a journal that does."""

    def __init__(self, watch: JournalWatch, loop: asyncio.AbstractEventLoop, *, timeout: float) -> None:
        """Look with *watch*; after *timeout* seconds without a finding nobody can know any more."""
        self._watch = watch
        self._loop = loop
        self._timeout = timeout
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="journal-look")
        self._next: list[Then] = []
        self._refreshing: list[Then] | None = None

    def after_refresh(self, then: Then) -> None:
        """As `JournalRefresh` says."""
        self._next.append(then)
        if self._refreshing is None:
            self._begin()

    def stop(self) -> None:
        """As `JournalRefresh` says."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _begin(self) -> None:
        self._refreshing, self._next = self._next, []
        alarm = self._loop.call_later(self._timeout, self._give_up)
        poll = self._loop.run_in_executor(self._executor, self._watch.prepare_poll())
        poll.add_done_callback(lambda done: self._end(done, alarm))

    def _end(self, done: asyncio.Future[JournalChanges | None], alarm: asyncio.TimerHandle) -> None:
        alarm.cancel()
        if done.cancelled():
            return
        error = done.exception()
        waiting, self._refreshing = self._refreshing or [], None
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
        """The look has not come back; whoever waits for it is told so, and so is who comes meanwhile."""
        self._watch.mark_unavailable(f"The database has not answered for {self._timeout:.0f} seconds.")
        waiting, self._refreshing, self._next = [*(self._refreshing or []), *self._next], [], []
        self._loop.call_later(self._timeout, self._give_up_if_pending)
        _call(waiting)

    def _give_up_if_pending(self) -> None:
        if self._refreshing is not None and not self._watch.is_current:
            self._give_up()


def _call(waiting: list[Then]) -> None:
    """Each for itself: what one of them raises keeps no other one waiting."""
    for then in waiting:
        try:
            then()
        except Exception:  # noqa: BLE001 - whatever it is, looking goes on, or nobody would be answered any more
            _log.exception("what waited for a look at the journal failed")
