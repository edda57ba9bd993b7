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

from .journal_reader import Findings, JournalLost
from .journal_watch import JournalWatch

_log = logging.getLogger(__name__)
Then = Callable[[], None]
# A database that has not answered for so long does not count as answering.
PATIENCE_SECONDS = 2.0


class Looks(Protocol):
    """Both are called in the loop's thread."""

    def after_look(self, then: Then) -> None:
        """Call *then* when a look that begins now or later has been applied, or could not be."""
        ...

    def stop(self) -> None:
        """Look no more."""
        ...


def looks_for(watch: JournalWatch, loop: asyncio.AbstractEventLoop) -> Looks:
    """The way that suits the watch's journal."""
    return LooksInThread(watch, loop, patience=PATIENCE_SECONDS) if watch.journal.waits else LooksNow(watch)


class LooksNow:
    """For a journal that does not wait."""

    def __init__(self, watch: JournalWatch) -> None:
        """Look with *watch*."""
        self._watch = watch

    def after_look(self, then: Then) -> None:
        """As `Looks` says."""
        self._watch.look()
        then()

    def stop(self) -> None:
        """As `Looks` says."""


class LooksInThread:
    """For a journal that does."""

    def __init__(self, watch: JournalWatch, loop: asyncio.AbstractEventLoop, *, patience: float) -> None:
        """Look with *watch*; after *patience* seconds without a finding nobody can know any more."""
        self._watch = watch
        self._loop = loop
        self._patience = patience
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="journal-look")
        self._next: list[Then] = []
        self._looking: list[Then] | None = None

    def after_look(self, then: Then) -> None:
        """As `Looks` says."""
        self._next.append(then)
        if self._looking is None:
            self._begin()

    def stop(self) -> None:
        """As `Looks` says."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _begin(self) -> None:
        self._looking, self._next = self._next, []
        alarm = self._loop.call_later(self._patience, self._give_up)
        look = self._loop.run_in_executor(self._executor, self._watch.question())
        look.add_done_callback(lambda done: self._end(done, alarm))

    def _end(self, done: asyncio.Future[Findings | None], alarm: asyncio.TimerHandle) -> None:
        alarm.cancel()
        if done.cancelled():
            return
        error = done.exception()
        waiting, self._looking = self._looking or [], None
        if error is None:
            self._watch.take(done.result())
        else:
            if not isinstance(error, JournalLost):
                _log.error("the journal could not be looked at", exc_info=error)
            self._watch.lose(str(error))
        _call(waiting)
        # Unless one of them wanted another look, and it has begun.
        if self._next and self._looking is None:
            self._begin()

    def _give_up(self) -> None:
        """The look has not come back; whoever waits for it is told so, and so is who comes meanwhile."""
        self._watch.lose(f"The database has not answered for {self._patience:.0f} seconds.")
        waiting, self._looking, self._next = [*(self._looking or []), *self._next], [], []
        self._loop.call_later(self._patience, self._give_up_again)
        _call(waiting)

    def _give_up_again(self) -> None:
        if self._looking is not None and not self._watch.knows:
            self._give_up()


def _call(waiting: list[Then]) -> None:
    """Each for itself: what one of them raises keeps no other one waiting."""
    for then in waiting:
        try:
            then()
        except Exception:  # noqa: BLE001 - whatever it is, looking goes on, or nobody would be answered any more
            _log.exception("what waited for a look at the journal failed")
