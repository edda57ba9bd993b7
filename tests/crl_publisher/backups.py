"""Backups of databases, and installations that are put back on one."""

import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from tests.crl_publisher.installations import Installed
from tests.crl_publisher.population import Population


@contextmanager
def backup_of(database: Database, folder: Path) -> Iterator[str]:
    """The address of a copy of a database as it is now: SQLite's backup API, PostgreSQL's templates."""
    if database.is_sqlite:
        copy = folder / f"backup-{secrets.token_hex(4)}.db"
        with closing(sqlite3.connect(str(database.url.database))) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        yield f"sqlite:///{copy}"
        return
    # A template is copied while nobody is connected.
    database.engine.dispose()
    name = f"backup_{secrets.token_hex(6)}"
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    server = address.replace(f"/{database.url.database}?", "/postgres?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {database.url.database}".encode())
    yield address.replace(f"/{database.url.database}?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def restored(installed: Installed, address: str) -> Iterator[Installed]:
    """The same installation, its published files too, on another database."""
    config = installed.installation.config
    config.write_text(
        re.sub(r"(?m)^(\s*url = ).*$", lambda found: f'{found[1]}"{address}"', config.read_text(), count=1)
    )
    with Database(address) as database:
        yield replace(
            installed,
            installation=Installation.open(installed.installation.directory),
            database=database,
            population=Population(database, installed.issuer, installed.population.clock),
        )
