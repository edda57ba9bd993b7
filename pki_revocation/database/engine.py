"""The engine and the one transaction rule, with the differences between SQLite and PostgreSQL kept in this file.

Reading and writing are said up front: a SQLite writer takes the write lock at BEGIN (BEGIN IMMEDIATE), so that it can
never read, wait, and then fail on what it read. Leaving either block by an error rolls everything back.
"""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from pki_revocation.clock import Clock
from pki_revocation.errors import ConfigurationError, StoreError
from pki_revocation.host.extras import require_extra

from . import revisions, sqlite_file
from .commit_fence import (
    FENCE_SUFFIX,
    TIMEOUT_SECONDS,
    file_fence,
    hold_advisory_fence,
    latest_date,
    leave_date,
    pass_advisory_fence,
)
from .sound_clock import SoundClock, judgement
from .sqlite_turn import turn

# How long a writer waits for another; after that the caller is told that the database is busy.
LOCK_TIMEOUT_SECONDS = 10
# How long PostgreSQL may be silent before it is asked whether it hangs; a subscriber at the page is told sooner.
SERVICE_PROBE_SECONDS = 10.0
INTERACTIVE_PROBE_SECONDS = 2.0
_AFTER_COMMIT = "after commit"


class Database:
    """A SQLite file or a PostgreSQL database, opened by its SQLAlchemy address."""

    def __init__(self, url: str | URL, *, probe_after: float = SERVICE_PROBE_SECONDS) -> None:
        """Open lazily: the first transaction connects.

        Args:
            url: SQLite's or PostgreSQL's.
            probe_after: seconds of silence after which PostgreSQL is asked whether it hangs.

        Raises:
            ConfigurationError: when the address is neither SQLite's nor PostgreSQL's.
            ExtraMissing: when it is PostgreSQL's, and the driver is not installed.
        """
        self.url = _parse(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgresql_engine(self.url, probe_after)
        self._writing = self.engine.execution_options(begin="IMMEDIATE")
        # One snapshot for the whole transaction: SQLite's readers always have one, PostgreSQL's when asked.
        self._reading = (
            self.engine
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        )

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of everything and changes nothing.

        Raises:
            StoreError: when the database does not answer.
        """
        with store_errors(), self._reading.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed, durably, when the block ends without an error.

        Raises:
            StoreError: when the database does not answer or stays locked.
        """
        with contextlib.ExitStack() as after_commit, store_errors(), contextlib.ExitStack() as transaction:
            # Until the write lock is there, and no longer; nothing is made beside a file that is missing.
            with turn(self._fence_file) if self.is_sqlite and self._file.exists() else contextlib.nullcontext():
                connection = transaction.enter_context(self._writing.begin())
            connection.info[_AFTER_COMMIT] = after_commit
            yield connection

    def hold_commit_fence(self, connection: Connection, issuer_id: int, clock: Clock) -> datetime | None:
        """Inside `write`: from here to the end of the commit, no answer of this issuer is dated.

        Gives the latest moment that an answer may have been dated by, for `journal.moment_under_lock`; None where that
        is not known. *clock* dates what is written.

        Raises:
            StoreError: when a reader passes it for longer than writers wait for each other.
        """
        if self.is_sqlite:
            after_commit: contextlib.ExitStack = connection.info[_AFTER_COMMIT]
            fence = file_fence(self._fence_file, exclusive=True, seconds=LOCK_TIMEOUT_SECONDS)
            descriptor = after_commit.enter_context(fence)
            return latest_date(descriptor, judgement(clock).latest)
        server = hold_advisory_fence(connection, issuer_id)
        if not isinstance(clock, SoundClock):
            return None
        clock.hear_server(server)
        return datetime.fromtimestamp(int(server), UTC)

    @contextlib.contextmanager
    def read_dated(self, clock: Clock, issuer_id: int) -> Iterator[tuple[Connection, datetime]]:
        """A read transaction, and a moment for what is made of it: no revocation dated before the moment is missing.

        Raises:
            StoreError: when the database does not answer, or a revocation is being written for too long.
        """
        if self.is_sqlite:
            try:
                with file_fence(self._fence_file, exclusive=False, seconds=TIMEOUT_SECONDS) as fence:
                    moment = leave_date(fence, clock.now())
            except OSError as error:
                raise StoreError(f"The database's folder cannot be used: {error.strerror or error}.") from error
            with self.read() as connection:
                yield connection, moment
            return
        # Not one snapshot here: it would be taken before the wait, and miss what was waited for.
        with store_errors(), self.engine.connect() as connection:
            pass_advisory_fence(connection, issuer_id)
            yield connection, clock.now()

    def connect_alone(self) -> Connection:
        """A connection to be kept, on which each statement is a transaction of its own; its caller closes it.

        Use it within `store_errors`.
        """
        return self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    @property
    def _file(self) -> Path:
        return Path(str(self.url.database))

    @property
    def _fence_file(self) -> Path:
        return Path(f"{self.url.database}{FENCE_SUFFIX}")

    def upgrade(self) -> None:
        """Bring the tables to this program's revision; a database that is already there is left as it is.

        A SQLite file that is missing is made here, and nowhere else.

        Raises:
            StoreError: when the database does not answer, cannot be made, or is newer than this program.
        """
        if self.is_sqlite:
            sqlite_file.make(self._file)
        with self.write() as connection:
            revisions.refuse_newer(revisions.found(connection), str(self))
            revisions.upgrade(connection)

    def is_set_up(self) -> bool:
        """Whether it has this product's tables, at whatever revision.

        Raises:
            StoreError: when the database does not answer.
        """
        if self.is_sqlite and not (self._file.exists() and self._file.stat().st_size):
            return False
        with self.read() as connection:
            return revisions.found(connection) is not None

    def check_revision(self) -> None:
        """Refuse to work on tables that this program does not know.

        Raises:
            StoreError: when the database was never set up, or is of another revision.
        """
        wanted = revisions.wanted()
        with self.read() as connection:
            found = revisions.found(connection)
        if found is None:
            message = f"The database {self} is empty: run 'pki-revocation init' first."
            raise StoreError(message)
        revisions.refuse_newer(found, str(self))
        if found != wanted:
            message = f"The database {self} is at revision {found}, not at {wanted}: run 'pki-revocation init'."
            raise StoreError(message)

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()

    def __str__(self) -> str:
        """The database's address without its password."""
        return self.url.render_as_string(hide_password=True)

    def __enter__(self) -> Self:
        """Give the database itself; leaving closes it."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close all connections."""
        self.close()


def _parse(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        message = "[database] url is no database address: use sqlite:///FILE or postgresql://USER@HOST/NAME."
        raise ConfigurationError(message) from None
    match parsed.get_backend_name():
        case "sqlite" if parsed.database not in {None, "", ":memory:"}:
            return parsed
        case "sqlite":
            raise ConfigurationError("[database] url names no file: use sqlite:///FILE.")
        case "postgresql":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            message = f"[database] url names {other}: only sqlite and postgresql are supported."
            raise ConfigurationError(message)


def _sqlite_engine(url: URL) -> Engine:
    file = Path(str(url.database))
    open_file = partial(
        sqlite_file.open_existing, file, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    engine = sqlalchemy.create_engine(url, creator=open_file, hide_parameters=True, pool_timeout=LOCK_TIMEOUT_SECONDS)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own connection
        # The driver would begin transactions late and by itself; we say BEGIN ourselves, below: no isolation level.
        for pragma in ("synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "checkout")
    def refuse_moved(connection: sqlite_file.FileConnection, _record: object, _proxy: object) -> None:
        # What is written to a file that was moved or replaced is lost to every process that opens the name.
        if sqlite_file.identity(file) != connection.identity:
            raise DisconnectionError

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def _postgresql_engine(url: URL, probe_after: float) -> Engine:
    require_extra("postgresql", "[database] url on PostgreSQL")
    from .postgresql_engine import postgresql_engine  # noqa: PLC0415 - SQLite's processes load no other driver

    return postgresql_engine(url, probe_after=probe_after, lock_seconds=LOCK_TIMEOUT_SECONDS)


@contextlib.contextmanager
def store_errors() -> Iterator[None]:
    """Inside, whatever says that the database does not answer is a StoreError."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout, DatabaseError) as error:
        # A damaged SQLite file is a plain DatabaseError; its subclasses are refusals of what was asked.
        if isinstance(error, DatabaseError) and type(error) not in {DatabaseError, OperationalError}:
            raise
        cause = error.orig if isinstance(error, DBAPIError) else error
        reason = (str(cause).strip().splitlines() or ["no reason given"])[0]
        raise StoreError(f"The database does not answer: {reason}") from error
