"""Nothing that is dated after a revocation may omit it, although a revocation is dated before it is committed.

Whoever dates a revocation holds the order from choosing the moment to the end of the commit. Whoever dates an answer
passes it once: then no revocation is on its way with an earlier date, and what is read afterwards holds all of them.
On SQLite the order is a lock on a file beside the database, which the kernel lets go of when its holder dies; on
PostgreSQL it is an advisory lock of the transaction. A holder that was stopped holds it nevertheless: nobody waits for
it without end.
"""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, func, select

from pki_revocation.clock import Clock
from pki_revocation.errors import StoreError

# Of the file that is locked, behind the database's name.
FENCE_SUFFIX = "-order"
# A revocation holds the order for some milliseconds. Whoever asks for a status is told to come later after this long.
TIMEOUT_SECONDS = 2.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.02
# The first half of PostgreSQL's two-part key, so that no other user of advisory locks meets ours.
_POSTGRESQL_CLASS = 0x504B49


@contextmanager
def file_fence(path: Path, *, exclusive: bool, seconds: float) -> Iterator[None]:
    """Hold the lock on a file: alone to date a revocation, shared to pass.

    Raises:
        OSError: when the file cannot be opened or made.
        StoreError: when somebody holds it for longer than *seconds*.
    """
    descriptor = _opened(path)
    try:
        _lock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, seconds)
        yield
    finally:
        os.close(descriptor)


def moment_past_file_fence(path: Path, clock: Clock) -> datetime | None:
    """A moment as `Database.read_dated` gives it, for who must not wait: None while somebody holds the order.

    Raises:
        OSError: when the file cannot be opened or made.
    """
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return clock.now()
    except BlockingIOError:
        return None
    finally:
        os.close(descriptor)


def hold_advisory_fence(connection: Connection, issuer_id: int) -> None:
    """Hold the issuer's order to the end of the transaction; those who pass wait."""
    connection.execute(select(func.pg_advisory_xact_lock(_POSTGRESQL_CLASS, issuer_id)))


def try_advisory_fence(connection: Connection, issuer_id: int) -> bool:
    """Pass without waiting; whether nobody held it. Whoever comes to hold it next waits for this transaction's end."""
    query = select(func.pg_try_advisory_xact_lock_shared(_POSTGRESQL_CLASS, issuer_id))
    return bool(connection.execute(query).scalar_one())


def pass_advisory_fence(connection: Connection, issuer_id: int) -> None:
    """Wait for whoever holds it; whoever comes to hold it next waits for the end of this transaction.

    Raises:
        OperationalError: when it is held for longer than `TIMEOUT_SECONDS`.
    """
    if not try_advisory_fence(connection, issuer_id):
        connection.execute(select(func.set_config("lock_timeout", f"{TIMEOUT_SECONDS}s", True)))  # noqa: FBT003 - SQL
        connection.execute(select(func.pg_advisory_xact_lock_shared(_POSTGRESQL_CLASS, issuer_id)))


def _opened(path: Path) -> int:
    """A file beside the database is locked, and no folder: it is held shared by many, and the folder may be anything's.

    An account that may write the database may write this too: accounts that share the one share the other.
    """
    try:
        return os.open(path, os.O_RDWR)
    except FileNotFoundError:
        database = path.with_name(path.name.removesuffix(FENCE_SUFFIX))
        mode = stat.S_IMODE(database.stat().st_mode) & 0o660 if database.exists() else 0o600
        return os.open(path, os.O_RDWR | os.O_CREAT, mode)


def _lock(descriptor: int, kind: int, seconds: float) -> None:
    """Try again and again: the kernel's own waiting has no end but a signal, which goes to the main thread."""
    deadline, pause = time.monotonic() + seconds, _FIRST_PAUSE
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            left = deadline - time.monotonic()
            if left <= 0:
                raise StoreError(
                    f"The database does not answer: somebody has been writing a revocation for {seconds:.0f} seconds."
                ) from None
        else:
            return
        time.sleep(min(pause, left))
        pause = min(2 * pause, _LONGEST_PAUSE)
