"""A lease: of many processes that could do the same work, the one whose name stands in the row does it.

It decides which process works, and no more: what must never be done twice is checked where it is done, because a
holder that was paused does not know that its lease is gone.
"""

import logging
import os
import secrets
import threading
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation.clock import Clock
from pki_revocation.host.processes import lives, place

from .engine import Database
from .schema import leases

_log = logging.getLogger(__name__)


class Lease:
    """A lease of one process: taken when no other has it, renewed by asking again, released at the end."""

    def __init__(self, *, database: Database, clock: Clock, length: timedelta, name: str) -> None:
        """*length* is how long it holds when it is not renewed; *name* says what for."""
        self._database = database
        self._clock = clock
        self.length = length
        self.name = name
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert
        self._turn = threading.Lock()
        self._until: datetime | None = None
        self.holder = f"{place()}:{os.getpid()}:{secrets.token_hex(4)}"

    def hold(self) -> bool:
        """Take or renew it; False while another process has it.

        Raises:
            StoreError: when the database does not answer.
        """
        now = self._clock.now()
        until = now + self.length
        self._until = until if self._take(now, until) else None
        return self._until is not None

    @property
    def is_held(self) -> bool:
        """Whether it was taken or renewed here and is not over yet, as far as this process knows without asking."""
        until = self._until
        return until is not None and self._clock.now() < until

    def _take(self, now: datetime, until: datetime) -> bool:
        with self._turn, self._database.write() as connection:
            first = self._insert(leases).values(name=self.name, holder=self.holder, until=until)
            connection.execute(first.on_conflict_do_nothing())
            row = connection.execute(
                select(leases.c.holder, leases.c.until).where(leases.c.name == self.name).with_for_update()
            ).one()
            if row.holder != self.holder:
                if self._counts(row.holder, row.until, now):
                    return False
                _log.warning("the lease of %s is over: taking it", row.holder)
            connection.execute(update(leases).where(leases.c.name == self.name).values(holder=self.holder, until=until))
        return True

    def current_holder(self) -> str | None:
        """The process that has it now, as place, process id and a nonce with colons between; None when none has.

        Raises:
            StoreError: when the database does not answer.
        """
        with self._database.read() as connection:
            row = connection.execute(
                select(leases.c.holder, leases.c.until).where(leases.c.name == self.name)
            ).one_or_none()
        if row is None or not self._counts(row.holder, row.until, self._clock.now()):
            return None
        return str(row.holder)

    def release(self) -> None:
        """Give the lease up, so that another process need not wait for its end.

        Raises:
            StoreError: when the database does not answer.
        """
        self._until = None
        with self._turn, self._database.write() as connection:
            connection.execute(delete(leases).where(leases.c.name == self.name, leases.c.holder == self.holder))

    def _counts(self, holder: str, until: datetime, now: datetime) -> bool:
        """A lease is over by time, by the end of a process on this machine, or when no clock can have given it.

        The last happens after a clock that ran ahead was set back: no process renews what seems to last for hours.
        """
        if until <= now or until > now + 2 * self.length:
            return False
        where, _, rest = holder.rpartition(":")[0].rpartition(":")
        return not (where == place() and rest.isdigit() and not lives(int(rest)))
