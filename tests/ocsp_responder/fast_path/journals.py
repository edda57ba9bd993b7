"""Readers of a test's journal, whichever database it lies in, and keepers that write down what they are told."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import insert

from ocsp_responder.fast_path.journal_reader import JournalReader
from ocsp_responder.fast_path.postgresql_journal import PostgresqlJournal
from ocsp_responder.fast_path.sqlite_journal import SqliteJournal
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.model import Issuer

# Seconds; longer than the reader goes without asking whether the file is still the same one.
IDENTITY_LOOKED_AT = 0.1


def reading(database: Database, clock: Clock) -> JournalReader:
    """A reader as the responder makes it."""
    if database.is_sqlite:
        return SqliteJournal(Path(database.url.database or ""), clock)
    return PostgresqlJournal(database, clock)


class Noted:
    """A keeper that keeps nothing."""

    def __init__(self) -> None:
        """Told nothing yet."""
        self.dropped: list[tuple[int, tuple[int, ...]]] = []
        self.cleared = 0

    def drop(self, issuer_id: int, serials: Sequence[int]) -> None:
        """Note it."""
        self.dropped.append((issuer_id, tuple(serials)))

    def clear(self) -> None:
        """Count it."""
        self.cleared += 1


def register_serials(database: Database, issuer: Issuer, clock: Clock, count: int) -> range:
    """Rows for so many certificates that nobody ever saw; their serials."""
    serials = range(1, count + 1)
    with database.write() as connection:
        connection.execute(
            insert(certificates),
            [
                {
                    "issuer_id": issuer.id,
                    "serial": serial,
                    "subject": "",
                    "organisation": "",
                    "not_after": clock.now() + timedelta(days=90),
                    "imported_at": clock.now(),
                }
                for serial in serials
            ],
        )
    return serials


def back_up(database: Database, copy: Path) -> Callable[[], None]:
    """Take a backup, into *copy* where it is a file; what is given puts it back in place, under open connections.

    SQLite's by its backup interface; PostgreSQL's rows by an account that may pass over triggers, as pg_restore does.
    """
    if database.is_sqlite:
        file = Path(database.url.database or "")
        _copy(file, copy)
        return lambda: _copy(copy, file)
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    kept = {name: sql.Identifier(f"{name}_{copy.name}") for name in ("journal", "journal_heads")}
    with psycopg.connect(address) as connection:
        for name, beside in kept.items():
            connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(beside, sql.Identifier(name)))

    def restore() -> None:
        with psycopg.connect(address) as connection:
            connection.execute("SET session_replication_role = replica")
            for name, beside in kept.items():
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
                connection.execute(sql.SQL("INSERT INTO {} TABLE {}").format(sql.Identifier(name), beside))

    return restore


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)
