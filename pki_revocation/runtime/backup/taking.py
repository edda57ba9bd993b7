"""Makes a backup while everything runs: SQLite by its backup interface, PostgreSQL by pg_dump in one snapshot.

Nothing waits for it. What was copied is counted in the same state that was copied, opened again and read through before
the file gets its name: a backup that cannot be read is noticed on the day that it is made.
"""

import contextlib
import json
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, func, select

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock, iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.host.temporary_folders import remove_abandoned_folders, temporary_folder
from pki_revocation.register.marks import MarkName, set_mark

from . import archive, postgresql_tools
from .errors import BackupFailed
from .manifest import Manifest

_MAJOR = 10_000


def take(installation: Installation, database: Database, file: Path, clock: Clock, source: dict[str, str]) -> Manifest:
    """Make a backup of an installation's database and configuration.

    Args:
        installation: whose configuration goes along.
        database: of this program's revision.
        file: replaced when the backup is whole.
        clock: dates it.
        source: the operator who does it, kept beside the audit trail.

    Raises:
        BackupFailed: when it cannot be made or read again.
        AuditBroken: when what was copied does not verify.
        StoreError: when the database does not answer.
    """
    made_at = iso(clock.now())
    try:
        beside = file.resolve().parent
        remove_abandoned_folders(beside)
        with temporary_folder("backup", beside) as folder:
            copy = folder / archive.DATABASES["sqlite" if database.is_sqlite else "postgresql"]
            copied = _copied_sqlite if database.is_sqlite else _copied_postgresql
            manifest = copied(installation, database, copy, made_at)
            sha256 = archive.write(file, manifest, copy, installation.config.read_bytes())
        with archive.opened(file, beside) as again:
            if again.manifest != manifest:
                raise BackupFailed(f"{file} does not say what was written into it.")
    except OSError as error:
        raise BackupFailed(f"No backup was made: {error.filename or file}: {error.strerror or error}.") from error
    detail = {"sha256": sha256, "audit_sequence": manifest.audit_sequence, "journals": dict(manifest.journals)}
    with database.write() as connection:
        set_mark(connection, MarkName.BACKUP, json.dumps(detail), clock.now())
        AuditTrail(clock).record(connection, "backup.made", detail, personal=source)
    return manifest


def _copied_sqlite(installation: Installation, database: Database, copy: Path, made_at: str) -> Manifest:
    try:
        with contextlib.closing(sqlite3.connect(copy)) as target:
            with database.read() as connection:
                origin = connection.connection.driver_connection
                if not isinstance(origin, sqlite3.Connection):
                    raise TypeError(origin)
                # All pages in one step, of one state: in WAL mode no writer waits for it.
                origin.backup(target)
            # A file by itself, without a log beside it.
            target.execute("PRAGMA journal_mode = DELETE")
            (verdict,) = target.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise BackupFailed(f"The database cannot be copied: {error}.") from error
    if verdict != "ok":
        raise BackupFailed(f"The database is damaged: {verdict}.")
    with Database(f"sqlite:///{copy}") as opened, opened.read() as connection:
        return _counted(connection, installation, made_at)


def _copied_postgresql(installation: Installation, database: Database, copy: Path, made_at: str) -> Manifest:
    with database.read() as connection:
        server = server_version(connection)
        # The snapshot lasts as long as this transaction, which waits while the dump is made.
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        snapshot = connection.execute(select(func.pg_export_snapshot())).scalar_one()
        postgresql_tools.run(
            "pg_dump", database.url, server, "--format=custom", f"--snapshot={snapshot}", f"--file={copy}"
        )
        # In the very snapshot that was dumped.
        manifest = _counted(connection, installation, made_at)
    postgresql_tools.read_through(copy, server)
    return manifest


def _counted(connection: Connection, installation: Installation, made_at: str) -> Manifest:
    manifest = Manifest.of(connection, installation, made_at)
    manifest.refuse_other_contents(connection)
    return manifest


def server_version(connection: Connection) -> int:
    """PostgreSQL's major version."""
    return int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // _MAJOR
