"""What an installation remembers of itself, by name: a value and since when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation.database.schema import installation_marks


class MarkName(StrEnum):
    """Fingerprints of the secrets, and what was done last with backups."""

    PEPPER = "pepper"
    SESSION_KEY = "session-key"
    BACKUP = "backup"
    DRILL = "drill"


@dataclass(frozen=True, slots=True)
class Mark:
    """What is remembered, and since when."""

    value: str
    at: datetime


def mark(connection: Connection, name: MarkName) -> Mark | None:
    """The mark with this name, or None."""
    query = select(installation_marks.c.value, installation_marks.c.at).where(installation_marks.c.name == name.value)
    row = connection.execute(query).one_or_none()
    return None if row is None else Mark(row.value, row.at)


def set_mark(connection: Connection, name: MarkName, value: str, at: datetime) -> None:
    """Write a mark in place of the one before."""
    connection.execute(
        _insert(connection)
        .values(name=name.value, value=value, at=at)
        .on_conflict_do_update(index_elements=["name"], set_={"value": value, "at": at})
    )


def set_first_mark(connection: Connection, name: MarkName, value: str, at: datetime) -> None:
    """Write a mark where there is none: of several processes that do so at once, one wins."""
    connection.execute(_insert(connection).values(name=name.value, value=value, at=at).on_conflict_do_nothing())


def _insert(connection: Connection) -> sqlite.Insert | postgresql.Insert:
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    return insert(installation_marks)
