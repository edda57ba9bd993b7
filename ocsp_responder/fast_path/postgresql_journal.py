"""The journal in PostgreSQL: one statement asks where it stands, and a notification says when to ask.

A notification arrives some time after the commit that it tells of, so it cannot promise that a confirmed revocation is
known; it only wakes a responder that is not asked. What promises is the statement, which begins after the requests
that wait for it (`layer`).
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import psycopg
from sqlalchemy import Connection, Double, cast, extract, func, select

from ocsp_responder.status import Status
from pki_revocation.clock import Clock
from pki_revocation.database.commit_fence import try_advisory_fence
from pki_revocation.database.engine import Database, store_errors
from pki_revocation.database.schema import journal, journal_heads
from pki_revocation.database.sound_clock import SoundClock
from pki_revocation.errors import StoreError

from .journal_reader import JournalChanges, JournalPosition, JournalUnavailable, changes, rewritten

_log = logging.getLogger(__name__)
_HEADS = select(
    journal_heads.c.issuer_id,
    journal_heads.c.sequence,
    journal_heads.c.last_at,
    journal.c.reference,
    cast(extract("epoch", func.clock_timestamp()), Double).label("their_time"),
).outerjoin_from(
    journal_heads,
    journal,
    (journal.c.issuer_id == journal_heads.c.issuer_id) & (journal.c.sequence == journal_heads.c.sequence),
)
CHANNEL = "pki_revocation_journal"
_RETRY_SECONDS = 1.0
# How long one wait for a notification lasts at most: the end of the process is noticed between two.
_WAIT_SECONDS = 1.0


class PostgresqlJournal:
    """Looks at the tables whenever it is asked, in a thread of its own."""

    waits = True

    def __init__(self, database: Database, clock: Clock) -> None:
        """*database* is read, never written."""
        self._database = database
        self._clock = clock
        self._connection: Connection | None = None
        self._seen: tuple[dict[int, JournalPosition], datetime | None] | None = None

    def poll(
        self, applied: Mapping[int, JournalPosition], dated: datetime | None, *, full: bool = False
    ) -> JournalChanges | None:
        """What was committed since *applied*; None only where nothing differs from what the last look found."""
        try:
            with store_errors():
                return self._poll(applied, dated, full=full)
        except StoreError as error:
            self.close()
            raise JournalUnavailable(str(error)) from error

    def _poll(
        self, applied: Mapping[int, JournalPosition], dated: datetime | None, *, full: bool
    ) -> JournalChanges | None:
        connection = self._connection = self._connection or self._database.connect_alone()
        moment = None
        if (now := self._clock.now()) != dated and applied:
            # The order first: what is committed when it has been passed must be in what is read below.
            moment = now if all(try_advisory_fence(connection, issuer_id) for issuer_id in applied) else None
        heads = connection.execute(_HEADS).all()
        reached = {head.issuer_id: JournalPosition(head.sequence, head.reference) for head in heads}
        last_at = max((head.last_at for head in heads), default=None)
        if (reached, last_at) == self._seen and moment is None and not full:
            return None

        def serials_between(issuer_id: int, after: int, through: int) -> Iterator[int]:
            within = (journal.c.issuer_id == issuer_id) & (journal.c.sequence > after) & (journal.c.sequence <= through)
            return iter(connection.execute(select(journal.c.serial).where(within)).scalars())

        def reference_at(issuer_id: int, sequence: int) -> str | None:
            row = (journal.c.issuer_id == issuer_id) & (journal.c.sequence == sequence)
            return connection.execute(select(journal.c.reference).where(row)).scalar_one_or_none()

        theirs = datetime.fromtimestamp(heads[0].their_time, UTC) if heads else now
        if heads and moment is not None and isinstance(self._clock, SoundClock):
            # Once a second: what is dated follows the server's clock without a question of its own.
            self._clock.hear_server(heads[0].their_time)
        found = JournalChanges(
            moment=moment,
            reached=reached,
            last_at=last_at,
            changed=changes(reached, applied, serials_between),
            rewritten=rewritten(reached, applied, reference_at),
            ahead=theirs - self._clock.now(),
        )
        self._seen = (reached, last_at)
        return found

    def status(self, issuer_id: int, serial: int) -> Status | None:  # noqa: ARG002 - the port's
        """None: a status from this database always means waiting."""
        return None

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class JournalListener:
    """A thread that waits for notifications and calls back; when its connection breaks, it makes another one."""

    def __init__(self, database: Database, woken: Callable[[], None]) -> None:
        """*woken* is called in the listener's thread: after each notification, and after each new connection."""
        self._address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._woken = woken
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self.run, name="journal-listener", daemon=True)

    def start(self) -> None:
        """Listen in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and its connection."""
        self._ending.set()

    def run(self) -> None:
        """Listen in this thread, until it is stopped."""
        while not self._ending.is_set():
            try:
                self._listen()
            except psycopg.Error:
                # Whether the database answers is told by the looks; here is nothing but to try again.
                _log.debug("the journal's listener lost its connection", exc_info=True)
                self._ending.wait(_RETRY_SECONDS)

    def _listen(self) -> None:
        with psycopg.connect(self._address, autocommit=True, connect_timeout=5) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self._woken()
            while not self._ending.is_set():
                for _ in connection.notifies(timeout=_WAIT_SECONDS, stop_after=1):
                    self._woken()
