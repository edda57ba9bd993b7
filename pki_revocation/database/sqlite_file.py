"""A SQLite file is made once, when an installation is set up; every later process opens what is there, or nothing.

SQLite would make a file that is missing, and where it finds an empty one it throws away the write-ahead log beside it,
which may hold the last revocations of a file that was only moved. So what is missing or empty is never opened.
"""

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any

from pki_revocation.errors import StoreError

from .versions import refuse_old_sqlite


class FileConnection(sqlite3.Connection):
    """A connection that knows which file it opened; *identity* as `identity` gives it."""

    identity: tuple[int, int] | None = None


def identity(file: Path) -> tuple[int, int] | None:
    """Device and inode of the file that has this name now; None when there is none, or it cannot be examined."""
    try:
        found = os.stat(file)  # noqa: PTH116 - in the way of answers
    except OSError:
        return None
    return found.st_dev, found.st_ino


def open_existing(file: Path, **options: Any) -> FileConnection:  # noqa: ANN401 - what sqlite3.connect takes
    """A connection to a file that holds a database already.

    Raises:
        StoreError: when it is missing or empty, or cannot be examined, or when SQLite is too old.
        sqlite3.Error: when it cannot be opened.
    """
    refuse_old_sqlite(sqlite3.sqlite_version_info)
    # Before it is opened: one that is replaced in between is noticed at the next comparison, and not taken for the new.
    try:
        found = file.stat()
    except FileNotFoundError:
        raise StoreError(
            f"The database does not answer, because {file.name} is not there: put it back, or run 'pki-revocation "
            "init' for a new one."
        ) from None
    except OSError as error:
        raise StoreError(f"The database does not answer: {file.name}: {error.strerror}.") from error
    if found.st_size == 0:
        raise StoreError(f"The database does not answer, because {file.name} is empty: run 'pki-revocation init'.")
    connection = sqlite3.connect(_address(file), uri=True, factory=FileConnection, **options)
    connection.identity = found.st_dev, found.st_ino
    return connection


def make(file: Path) -> None:
    """Make the file where there is none, its owner's alone from the first octet on, and let readers not wait in it.

    Raises:
        StoreError: when only its log is there, or it is no database, or when SQLite is too old.
    """
    refuse_old_sqlite(sqlite3.sqlite_version_info)
    log = Path(f"{file}-wal")
    if not (file.exists() and file.stat().st_size) and log.exists() and log.stat().st_size:
        raise StoreError(
            f"There is {log.name}, with what was written last, and no {file.name} that it belongs to: put that file "
            "back, or move the log away if it is not wanted."
        )
    try:
        # SQLite needs its file empty and in its place; it brings file and folder to disk itself.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with contextlib.closing(sqlite3.connect(_address(file), uri=True)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    except OSError as error:
        raise StoreError(f"The database {file.name} cannot be made: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise StoreError(f"The database {file.name} cannot be used: {error}.") from error


def _address(file: Path) -> str:
    return f"{file.resolve().as_uri()}?mode=rw"
