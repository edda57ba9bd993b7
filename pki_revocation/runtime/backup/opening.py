"""A backup's database, opened where it harms nothing: counted, brought to this program's revision, and followed.

This is the same for a drill and for a restoration, so that the one shows that the other would succeed.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from pki_revocation.database import revisions
from pki_revocation.database.engine import Database
from pki_revocation.errors import StoreError

from . import postgresql_tools
from .archive import OpenedBackup
from .errors import BackupFailed, BackupUnfit
from .taking import server_version


def check(backup: OpenedBackup, database: Database) -> None:
    """Hold a database that came out of the backup against its manifest, and bring it to this program's revision.

    Raises:
        BackupUnfit: when it is not what went in, or of a newer program.
        AuditBroken: when its chains break.
        StoreError: when the database does not answer.
    """
    manifest = backup.manifest
    with database.read() as connection:
        found = revisions.found(connection)
        try:
            revisions.refuse_newer(found, "in the backup")
        except StoreError as error:
            raise BackupUnfit(str(error)) from error
        manifest.refuse_other_rows(connection)
    database.upgrade()
    with database.read() as connection:
        manifest.refuse_other_contents(connection)


@contextmanager
def aside(backup: OpenedBackup, installed: Database) -> Iterator[Database]:
    """The backup's database in a temporary place: a file beside it, or a database of the same server.

    Raises:
        BackupUnfit: when the backup is of the other kind of database.
        BackupFailed: when there is no such place.
        StoreError: when the server does not answer.
    """
    refuse_other_kind(backup, installed)
    if installed.is_sqlite:
        with Database(f"sqlite:///{backup.database}") as opened:
            yield opened
        return
    name = f"pki_revocation_drill_{secrets.token_hex(4)}"
    _administer(installed, f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        url = installed.url.set(database=name)
        fill(backup.database, url, installed)
        with Database(url) as opened:
            yield opened
    finally:
        _administer(installed, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def refuse_other_kind(backup: OpenedBackup, installed: Database) -> None:
    """A dump goes into PostgreSQL alone, and a file is SQLite's.

    Raises:
        BackupUnfit: when they do not go together.
    """
    kind = "sqlite" if installed.is_sqlite else "postgresql"
    if backup.manifest.kind != kind:
        raise BackupUnfit(f"The backup is of a database of the kind {backup.manifest.kind}, and this one is {kind}.")


def fill(dump: Path, url: URL, installed: Database) -> None:
    """Bring a dump into an empty PostgreSQL database, all of it or nothing.

    Raises:
        BackupFailed: when that fails.
    """
    with installed.connect_alone() as connection:
        server = server_version(connection)
    postgresql_tools.run(
        "pg_restore", url, server, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(dump)
    )


def _administer(installed: Database, statement: str) -> None:
    try:
        with installed.connect_alone() as connection:
            connection.execute(sqlalchemy.text(statement))
    except DBAPIError as error:
        first = str(error.orig).strip().splitlines()[0]
        raise BackupFailed(
            f"A drill needs a database of its own on the server, and there is none: {first}. Give the account "
            "CREATEDB, or run the drill on a machine of your own."
        ) from error
