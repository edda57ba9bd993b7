"""Notices that a journal is an older one than this process knew: a database was put back beneath what runs.

Each look remembers the last row of each journal. When that row is gone, or another row stands in its place, whatever is
public is looked at again, as at a start.
"""

import logging
import threading
from collections.abc import Callable

from sqlalchemy import Connection, select

from pki_revocation.database.engine import Database
from pki_revocation.database.schema import journal, journal_heads

_log = logging.getLogger(__name__)


class OlderJournal:
    """Looks before each revocation; may be used by many threads."""

    def __init__(self, database: Database, look_at_public: Callable[[], None]) -> None:
        """Call *look_at_public* when a journal has become an older one."""
        self._database = database
        self._look_at_public = look_at_public
        self._last: dict[int, tuple[int, str]] = {}
        self._lock = threading.Lock()

    def look(self) -> None:
        """Compare the journals with what they were at the last look.

        Raises:
            StoreError: when the database does not answer.
        """
        with self._lock:
            with self._database.read() as connection:
                gone = [issuer_id for issuer_id, last in self._last.items() if not _has(connection, issuer_id, *last)]
                now = _last_rows(connection)
            if gone:
                _log.error("the journal is an older one than before: the public CRLs are looked at again")
                self._look_at_public()
            # Only when that was done: what was interrupted is done by the next one.
            self._last = now


def _has(connection: Connection, issuer_id: int, sequence: int, reference: str) -> bool:
    query = select(journal.c.reference).where(journal.c.issuer_id == issuer_id, journal.c.sequence == sequence)
    return connection.scalar(query) == reference


def _last_rows(connection: Connection) -> dict[int, tuple[int, str]]:
    """The last row of each journal that has one, by its issuer: sequence and reference."""
    query = select(journal.c.issuer_id, journal.c.sequence, journal.c.reference).join(
        journal_heads,
        (journal_heads.c.issuer_id == journal.c.issuer_id) & (journal_heads.c.sequence == journal.c.sequence),
    )
    return {row.issuer_id: (row.sequence, row.reference) for row in connection.execute(query)}
