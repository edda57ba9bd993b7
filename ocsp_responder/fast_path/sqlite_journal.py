"""The journal in a SQLite file: `PRAGMA data_version` says in 4 µs whether anything was committed.

The driver's own connection and plain SQL, because this stands in the way of every answer: a point look-up costs 10 µs
this way, and several times that through SQLAlchemy. The file's identity is looked at as well, because an open file that
was replaced (a restored backup) would stay as it was for ever; that costs half as much again, and is done as often as
the background looks.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from ocsp_responder.status import Good, Revoked, Status, Unknown
from pki_revocation.clock import Clock
from pki_revocation.database.commit_fence import FENCE_SUFFIX, moment_past_file_fence
from pki_revocation.database.sqlite_file import FileConnection, identity, open_existing
from pki_revocation.encoding.serials import from_stored, is_storable, stored
from pki_revocation.errors import StoreError
from pki_revocation.reasons import RevocationReason

from .journal_reader import JournalChanges, JournalPosition, JournalUnavailable, changes, rewritten

_VERSION = "PRAGMA data_version"
_HEADS = """
    SELECT h.issuer_id, h.sequence, j.reference, h.last_at
    FROM journal_heads h LEFT JOIN journal j ON j.issuer_id = h.issuer_id AND j.sequence = h.sequence
"""
_REFERENCE = "SELECT reference FROM journal WHERE issuer_id = ? AND sequence = ?"
_SERIALS = "SELECT serial FROM journal WHERE issuer_id = ? AND sequence > ? AND sequence <= ? ORDER BY sequence"
# Where a reason was raised there are two rows, and the later one says what is shown.
_STATUS = """
    SELECT c.not_after, j.revocation_date, j.reason
    FROM certificates c LEFT JOIN journal j ON j.issuer_id = c.issuer_id AND j.serial = c.serial
    WHERE c.issuer_id = ? AND c.serial = ? ORDER BY j.sequence DESC LIMIT 1
"""
_IDENTITY_SECONDS = 0.05
# A reader in WAL mode waits for no other process but one that recovers the file after a crash.
_BUSY_SECONDS = 1.0


class SqliteJournal:
    """Looks at the file whenever it is asked."""

    waits = False

    def __init__(self, file: Path, clock: Clock) -> None:
        """Read *file*, which is opened by the first look."""
        self._file = file
        self._fence_file = Path(f"{file}{FENCE_SUFFIX}")
        self._clock = clock
        self._connection: FileConnection | None = None
        self._version = -1
        self._replaced = False
        self._identify_at = 0.0

    def poll(
        self, applied: Mapping[int, JournalPosition], dated: datetime | None, *, full: bool = False
    ) -> JournalChanges | None:
        """What was committed since *applied*.

        None where `data_version` says that nothing was and no second has passed.
        """
        try:
            return self._poll(applied, dated, full=full)
        except StoreError as error:
            raise JournalUnavailable(str(error)) from error
        except (sqlite3.Error, OSError) as error:
            raise JournalUnavailable(f"The database does not answer: {error}") from error

    def _poll(
        self, applied: Mapping[int, JournalPosition], dated: datetime | None, *, full: bool
    ) -> JournalChanges | None:
        # The order first: what is committed when it has been passed must be in what is read below.
        moment = moment_past_file_fence(self._fence_file, self._clock) if self._clock.now() != dated else None
        connection = self._connection
        if connection is None:
            connection = self._open()
        elif (now := time.monotonic()) >= self._identify_at:
            if identity(self._file) != connection.identity:
                connection = self._open()
                self._replaced = True
            self._identify_at = now + _IDENTITY_SECONDS
        (version,) = connection.execute(_VERSION).fetchone()
        if version == self._version and moment is None and not (self._replaced or full):
            return None
        heads = connection.execute(_HEADS).fetchall()
        reached = {issuer_id: JournalPosition(sequence, reference) for issuer_id, sequence, reference, _ in heads}
        found = JournalChanges(
            moment=moment,
            reached=reached,
            last_at=datetime.fromtimestamp(max(last for *_, last in heads), UTC) if heads else None,
            changed=changes(reached, applied, self._serials_between),
            rewritten=rewritten(reached, applied, self._reference_at),
            replaced=self._replaced,
        )
        # Last of all, so that what failed on the way is read again.
        self._version, self._replaced = version, False
        return found

    def status(self, issuer_id: int, serial: int) -> Status | None:
        """One certificate's status by a point look-up, on the connection that the last look used."""
        # The register has no certificate with such a serial, and the column could not hold it.
        if not is_storable(serial):
            return Unknown()
        octets = stored(serial)
        try:
            row = self._opened().execute(_STATUS, (issuer_id, octets)).fetchone()
        except sqlite3.Error as error:
            raise JournalUnavailable(f"The database does not answer: {error}") from error
        if row is None:
            return Unknown()
        not_after, revocation_date, reason = row
        expiry = datetime.fromtimestamp(not_after, UTC)
        if revocation_date is None:
            return Good(expiry)
        return Revoked(datetime.fromtimestamp(revocation_date, UTC), RevocationReason(reason), expiry)

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> FileConnection:
        """Open what has the name now; while nothing has, the connection to what had it stays."""
        connection = open_existing(self._file, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        self.close()
        self._version = -1
        self._connection = connection
        return connection

    def _opened(self) -> FileConnection:
        if self._connection is None:
            raise JournalUnavailable("The database has not been opened.")
        return self._connection

    def _serials_between(self, issuer_id: int, after: int, through: int) -> Iterator[int]:
        rows = self._opened().execute(_SERIALS, (issuer_id, after, through))
        return (from_stored(serial) for (serial,) in rows)

    def _reference_at(self, issuer_id: int, sequence: int) -> str | None:
        row = self._opened().execute(_REFERENCE, (issuer_id, sequence)).fetchone()
        return None if row is None else str(row[0])
