"""Nothing that is dated after a revocation may omit it, although a revocation is dated before it is committed.

Step by step, with a writer that revokes and a reader that dates an OCSP answer:

1. The writer takes the fence alone, *then* reads the clock for revoked_at, and keeps the fence until its commit has
   returned. So between a date and the commit that makes it visible the fence is always held.
2. The reader takes the fence shared, which succeeds only while no writer holds it, reads the clock for thisUpdate, and
   lets go at once.
3. The reader reads the journal. A writer with an earlier date had the fence before step 2, so it has let go, so its
   commit is there to be read. A writer that comes after step 2 reads the clock later, so its date is no earlier than
   thisUpdate, and an answer that omits it is right.

The reader need not hold the fence while it reads: rows that it finds beyond its date do no harm. To read the journal
without passing would not do: a writer that has its date and has not committed would be missed. A CRL is dated under the
lock on the journal's head, which the writer holds as well, and needs no fence.

Step 3 needs a writer's clock that is not behind the reader's. So the reader leaves its date behind, and the writer
dates no earlier than what it finds (`journal.moment_under_lock`), whatever was set back in between: in the file on
SQLite; on PostgreSQL both date by the server's clock, which the writer is told with its fence.

On SQLite the fence is a lock on a file beside the database, which the kernel lets go of when its holder dies; on
PostgreSQL it is an advisory lock of the transaction, one for each issuer. A holder that was stopped (SIGSTOP, a
suspended machine) holds it nevertheless, so that every wait has an end.
"""

import contextlib
import fcntl
import os
import stat
import struct
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Double, cast, extract, func, select

from pki_revocation.clock import Clock
from pki_revocation.errors import StoreError

# Of the file that is locked, behind the database's name.
FENCE_SUFFIX = "-order"
# A revocation holds the fence for some milliseconds. A request for a status is told to come later after this long.
TIMEOUT_SECONDS = 2.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.02
# The first half of PostgreSQL's two-part key, so that no other user of advisory locks meets ours.
_POSTGRESQL_CLASS = 0x504B49
# Where readers leave their dates: a place for each process, found by its number, so that none writes over another's.
# In it the latest date comes first, and then those that were left since and are earlier, because a clock was set back.
_DATES, _PLACES = 8, 128
_PLACE = struct.Struct(f"={_DATES}q")
_LEAVING = threading.Lock()


@contextmanager
def file_fence(path: Path, *, exclusive: bool, seconds: float) -> Iterator[int]:
    """Hold the lock on a file, and give its descriptor: alone to date a revocation, shared to pass.

    Raises:
        OSError: when the file cannot be opened or made.
        StoreError: when another process holds it for longer than *seconds*.
    """
    # A descriptor of its own for each holder: flock belongs to the open file, so that threads of one process keep each
    # other out as well, and closing it lets go whatever happened in between.
    descriptor = opened(path)
    try:
        _lock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, seconds)
        yield descriptor
    finally:
        os.close(descriptor)


def moment_past_file_fence(path: Path, clock: Clock) -> datetime | None:
    """A moment as `Database.read_dated` gives it, for callers that must not wait: None while a writer holds the fence.

    Raises:
        OSError: when the file cannot be opened or made.
    """
    descriptor = opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        # Read while the lock is held: a writer that comes now waits, and takes a later date.
        return leave_date(descriptor, clock.now())
    except BlockingIOError:
        return None
    finally:
        os.close(descriptor)


def leave_date(descriptor: int, moment: datetime) -> datetime:
    """Leave behind that an answer may be dated by *moment*, while the fence is held; give the moment."""
    place, seconds = os.getpid() % _PLACES * _PLACE.size, int(moment.timestamp())
    # A full disk keeps no date, and must keep no answer back either: it counts where a clock is set back as well.
    with _LEAVING, contextlib.suppress(OSError):
        octets = os.pread(descriptor, _PLACE.size, place)
        left = _PLACE.unpack(octets) if len(octets) == _PLACE.size else ()
        # What is no later than this one says nothing any more. What is later stays: it may turn out to have been wrong,
        # and then this one counts.
        later = [each for each in left if each > seconds]
        dates = [*later, seconds][-_DATES:]
        if tuple(dates) != left[: len(dates)]:
            os.pwrite(descriptor, _PLACE.pack(*dates, *[0] * (_DATES - len(dates))), place)
    return moment


def latest_date(descriptor: int, through: datetime) -> datetime | None:
    """The latest date that a reader left, while the fence is held alone; None where none did.

    Dates behind *through* are wrong for certain: a reader's clock was ahead.
    """
    octets = os.pread(descriptor, _PLACES * _PLACE.size, 0)
    dates = array("q", octets[: len(octets) // _PLACE.size * _PLACE.size])
    limit, latest = int(through.timestamp()), max(dates, default=0)
    if latest > limit:
        latest = max((each for each in dates if each <= limit), default=0)
    return datetime.fromtimestamp(latest, UTC) if latest > 0 else None


def hold_advisory_fence(connection: Connection, issuer_id: int) -> float:
    """Hold the issuer's fence to the end of the transaction; readers that pass it wait.

    Gives the server's time then, in Unix seconds: no reader that passed before is dated later by it.
    """
    held = func.pg_advisory_xact_lock(_POSTGRESQL_CLASS, issuer_id)
    # The columns are worked out in this order, so that the clock is read with the fence held.
    row = connection.execute(select(held, cast(extract("epoch", func.clock_timestamp()), Double))).one()
    return float(row[1])


def try_advisory_fence(connection: Connection, issuer_id: int) -> bool:
    """Pass without waiting; False where a writer holds it.

    PostgreSQL has no lock that a transaction lets go of before its end, so that the next writer waits for this one's.
    """
    query = select(func.pg_try_advisory_xact_lock_shared(_POSTGRESQL_CLASS, issuer_id))
    return bool(connection.execute(query).scalar_one())


def pass_advisory_fence(connection: Connection, issuer_id: int) -> None:
    """Wait for a writer that holds it; the next writer waits for the end of this transaction.

    Raises:
        OperationalError: when it is held for longer than `TIMEOUT_SECONDS`.
    """
    # Without waiting first, which is one statement and nearly always enough; waiting needs a timeout of this
    # transaction's own, set by another one.
    if not try_advisory_fence(connection, issuer_id):
        connection.execute(select(func.set_config("lock_timeout", f"{TIMEOUT_SECONDS}s", True)))  # noqa: FBT003 - SQL
        connection.execute(select(func.pg_advisory_xact_lock_shared(_POSTGRESQL_CLASS, issuer_id)))


def opened(path: Path) -> int:
    """Open the fence's file, made where it is not there, and give its descriptor, which the caller closes.

    A file beside the database is locked, and no folder: it is held shared by many, and the folder may be anything's.
    An account that may write the database may write this too: accounts that share the one share the other.

    Raises:
        OSError: when it cannot be opened or made.
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
                    f"The database does not answer: a revocation has been on its way for {seconds:.0f} seconds."
                ) from None
        else:
            return
        time.sleep(min(pause, left))
        pause = min(2 * pause, _LONGEST_PAUSE)
