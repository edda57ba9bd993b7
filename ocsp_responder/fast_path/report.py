"""Each worker tells the database how far it is, soon after each change and every few seconds.

Written by a thread, and what cannot be written now is written later: answering goes on.
"""

import asyncio
import logging
import socket
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.errors import StoreError
from pki_revocation.propagation.responders import REPORT_EVERY, expect, report, withdraw

from .journal_watch import JournalWatch
from .refresh import JournalRefresh

_log = logging.getLogger(__name__)
_CHECK_SECONDS = 0.05
_LONGEST_HOST = 255


class ProgressReport:
    """Writes into the database how far one worker is: a `Background`."""

    def __init__(
        self,
        database: Database,
        watch: JournalWatch,
        clock: Clock,
        answers_last: timedelta | None = None,
        port: int | None = None,
    ) -> None:
        """Report what *watch* has applied, and how long an answer may be believed.

        By machine and *port* the responder is expected from then on; one without a port is not.
        """
        self.responder = str(uuid.uuid4())
        self._host = socket.gethostname()[:_LONGEST_HOST]
        self._expected = None if port is None else f"{self._host}:{port}"
        self._database = database
        self._watch = watch
        self._clock = clock
        self._answers_last = answers_last
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="report")
        self._writing: Future[None] | None = None
        self._said: tuple[Mapping[int, int], bool] | None = None
        self._said_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop, refresh: JournalRefresh) -> None:  # noqa: ARG002 - the port's
        """Look twenty times a second whether there is something to report."""

        def tick() -> None:
            self._report_if_due()
            self._timer = loop.call_later(_CHECK_SECONDS, tick)

        tick()

    def stop(self) -> None:
        """Remove the worker's report, and wait for the thread that writes."""
        if self._timer is not None:
            self._timer.cancel()
        self._executor.submit(self._withdraw)
        self._executor.shutdown(wait=True)

    def _report_if_due(self) -> None:
        if self._writing is not None and not self._writing.done():
            return
        now, state = self._clock.now(), (self._watch.applied, self._watch.is_current)
        if _within(self._failed_at, now):
            return
        if state[0] and (state != self._said or not _within(self._said_at, now)):
            self._said, self._said_at = state, now
            self._writing = self._executor.submit(self._write, state[0], current=state[1], now=now)

    def _write(self, applied: Mapping[int, int], *, current: bool, now: datetime) -> None:
        try:
            with self._database.write() as connection:
                report(
                    connection,
                    self.responder,
                    self._host,
                    applied,
                    current=current,
                    now=now,
                    answers_last=self._answers_last,
                )
                if self._expected is not None:
                    expect(connection, self._expected, now)
        except (StoreError, SQLAlchemyError) as error:
            # Said once in `REPORT_EVERY`, and tried as often: an account that may not write is no reason to be loud.
            self._failed_at = now
            _log.warning("how far this responder is cannot be written now: %s", error)
        else:
            self._failed_at = None

    def _withdraw(self) -> None:
        try:
            with self._database.write() as connection:
                withdraw(connection, self.responder)
        except (StoreError, SQLAlchemyError):
            _log.warning("this responder's last report stays in the database until tomorrow")


def _within(since: datetime | None, now: datetime) -> bool:
    return since is not None and timedelta() <= now - since < REPORT_EVERY
