"""Puts a backup back, or only tries whether it could be: the drill.

A restoration destroys nothing: a SQLite file that is there is put aside, and a PostgreSQL database must be empty. It
runs only where no process has the file open, because what such a process writes afterwards would be lost.
"""

import contextlib
import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import inspect

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock, iso
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import load_pepper, load_session_key
from pki_revocation.database import sqlite_file
from pki_revocation.database.engine import Database
from pki_revocation.errors import ConfigurationError, PkiError
from pki_revocation.host import durable_files
from pki_revocation.register.marks import MarkName, set_mark
from pki_revocation.register.own_secrets import refuse_foreign_secrets, session_key_id

from . import opening
from .archive import OpenedBackup, opened, pieces_of
from .errors import RestoreRefused
from .manifest import Manifest


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back; *put_aside* is the file that was there, *advice* a sentence for each thing left to do."""

    manifest: Manifest
    put_aside: Path | None
    advice: tuple[str, ...]


def drill(installation: Installation, database: Database, file: Path, clock: Clock, source: dict[str, str]) -> Manifest:
    """Bring a backup into a temporary place, and see that it is whole and what went in; remember that it was done.

    Raises:
        BackupUnfit: when it is not.
        BackupFailed: when there is no temporary place.
        AuditBroken: when its chains break.
        StoreError: when a database does not answer.
    """
    with opened(file, installation.directory) as backup:
        with opening.aside(backup, database) as aside:
            opening.check(backup, aside)
        manifest = backup.manifest
        detail = {"sha256": backup.sha256, "made_at": manifest.made_at, "journals": dict(manifest.journals)}
    with database.write() as connection:
        set_mark(connection, MarkName.DRILL, json.dumps(detail), clock.now())
        AuditTrail(clock).record(connection, "backup.tried", detail, personal=source)
    return manifest


def restore(
    installation: Installation, file: Path, clock: Clock, source: dict[str, str], *, of_another: bool = False
) -> Restored:
    """Put a backup in the place of the installation's database.

    Args:
        installation: whose database it becomes.
        file: the backup.
        clock: dates what is recorded of it.
        source: who does it.
        of_another: whether the backup may be another installation's, or from before its secrets were replaced.

    Raises:
        BackupUnfit: when it is not whole, or not what went in.
        RestoreRefused: when a process has the database open, the PostgreSQL database is not empty, or the backup is
            another installation's.
        BackupFailed: when PostgreSQL's own programs fail.
        AuditBroken: when its chains break.
        StoreError: when a database does not answer.
    """
    with installation.database() as database, opened(file, installation.directory) as backup:
        opening.refuse_other_kind(backup, database)
        if not of_another:
            refuse_another(installation, backup.manifest)
        put_aside = None
        if database.is_sqlite:
            with opening.aside(backup, database) as aside:
                opening.check(backup, aside)
            put_aside = _in_place_of(Path(str(database.url.database)), backup, clock)
        else:
            _refuse_used(database)
            opening.fill(backup.database, database.url, database)
            opening.check(backup, database)
        detail = {
            "sha256": backup.sha256,
            "made_at": backup.manifest.made_at,
            "journals": dict(backup.manifest.journals),
        }
        with database.write() as connection:
            AuditTrail(clock).record(connection, "backup.restored", detail, personal=source)
        return Restored(backup.manifest, put_aside, tuple(_advice(installation, database)))


def write_config(directory: Path, file: Path) -> bool:
    """Put the backup's configuration where the folder has none, and say whether that was so.

    Raises:
        BackupUnfit: when it is no backup, or not whole.
    """
    target = directory / "config.toml"
    if target.exists():
        return False
    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    with opened(file, directory) as backup:
        durable_files.create(target, backup.config)
    return True


def refuse_another(installation: Installation, manifest: Manifest) -> None:
    """Refuse a backup whose codes and receipts were made with other secrets than those that are here.

    Raises:
        RestoreRefused: naming both fingerprints.
    """
    with contextlib.suppress(ConfigurationError):
        _refuse_other(manifest, MarkName.PEPPER, load_pepper(installation).id)
    with contextlib.suppress(ConfigurationError):
        _refuse_other(manifest, MarkName.SESSION_KEY, session_key_id(load_session_key(installation)))


def _refuse_other(manifest: Manifest, name: MarkName, here: str) -> None:
    there = manifest.secrets.get(name.value)
    if there is not None and there != here:
        raise RestoreRefused(
            f"The backup is of an installation whose {name.value} is {there}, and the one here is {here}: with another "
            "pepper no code of its letters opens anything. Put that installation's 'secrets' here first, or, if it is "
            "meant, give --other-installation."
        )


def _in_place_of(file: Path, backup: OpenedBackup, clock: Clock) -> Path | None:
    """Give the backup's database the name, and the file that had it another one; no process may have it open."""
    found = file.stat() if file.exists() else None
    if found is not None and found.st_size:
        _close_for_others(file)
    with contextlib.closing(sqlite3.connect(backup.database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    mode, owner = (0o600, None) if found is None else (found.st_mode & 0o777, (found.st_uid, found.st_gid))
    put_aside = None
    if found is not None:
        put_aside = file.with_name(f"{file.name}.before-{iso(clock.now()).replace(':', '')}")
        durable_files.move(file, put_aside)
    with backup.database.open("rb") as copy:
        # Another account's file stays that account's, which takes root.
        durable_files.write(file, pieces_of(copy), mode=mode, owner=owner if os.geteuid() == 0 else None)
    return put_aside


def _close_for_others(file: Path) -> None:
    """Take the log into the file and away, which SQLite does for the only process that has it open."""
    try:
        with contextlib.closing(sqlite_file.open_existing(file, timeout=1.0, isolation_level=None)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError:
        mode = "wal"
    except sqlite3.DatabaseError:
        # A damaged file is what restorations are for; whatever has it open works on that.
        return
    if mode != "delete":
        raise RestoreRefused(f"A process has {file.name} open: stop every service and command, and run this again.")


def _refuse_used(database: Database) -> None:
    with database.read() as connection:
        used = bool(inspect(connection).get_table_names())
    if used:
        raise RestoreRefused(
            f"The database {database} is not empty, and nothing is restored over another one: give it another name "
            "(ALTER DATABASE … RENAME TO …), make an empty one with CREATE DATABASE, and run this again."
        )


def _advice(installation: Installation, database: Database) -> list[str]:
    advice = (
        "Where newer public CRLs are elsewhere, run 'pki-revocation doctor --restore FILE…' with them before any "
        "service starts: a subscriber who revokes again before that gets a later moment, unless the page can fetch "
        "them at [distribution] public_url."
    )
    found = [advice]
    try:
        with database.read() as connection:
            refuse_foreign_secrets(
                connection, pepper=load_pepper(installation), session_key=load_session_key(installation)
            )
    except PkiError as error:
        found.append(str(error))
    return found
