"""Maintenance of the subscriber's page: closed until a moment, and open again by itself when that has come.

It stands in the database, so that every worker on every machine follows at its next request. The end is bounded: a
page that is never opened again is one on which no subscriber can revoke (BR 4.9.3: requests are taken at all hours).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from pki_revocation.clock import iso
from pki_revocation.database.schema import maintenance
from pki_revocation.errors import PkiError

LONGEST = timedelta(days=3)
LONGEST_MESSAGE = 500


class MaintenanceRefused(PkiError):
    """The page cannot be closed like this; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """Closed *since* a moment and *until* another, with a *message* on the page; *message_en* is its English."""

    since: datetime
    until: datetime
    message: str
    message_en: str

    def __post_init__(self) -> None:
        """Refuse an end or a message that must be a mistake.

        Raises:
            MaintenanceRefused: for an end that has passed or is too far away, and for no or too long a message.
        """
        if self.until <= self.since:
            raise MaintenanceRefused(f"--until {iso(self.until)} has passed: give a moment that lies ahead.")
        if self.until - self.since > LONGEST:
            raise MaintenanceRefused(
                f"--until {iso(self.until)} is more than {LONGEST.days} days away: no subscriber could revoke "
                "on the page for so long. Give an earlier moment; it can be put off later."
            )
        for text in (self.message, self.message_en):
            if not text.strip() or len(text) > LONGEST_MESSAGE or not text.isprintable():
                raise MaintenanceRefused(
                    f"A message is one line of at most {LONGEST_MESSAGE} characters: say what is happening."
                )


def close_page(connection: Connection, notice: Maintenance) -> None:
    """Close the page, or change until when and why it is closed."""
    connection.execute(delete(maintenance))
    connection.execute(
        insert(maintenance).values(
            id=1, since=notice.since, until=notice.until, message=notice.message, message_en=notice.message_en
        )
    )


def open_page(connection: Connection) -> bool:
    """Open the page again; False when it was not closed."""
    return connection.execute(delete(maintenance)).rowcount > 0


def current_maintenance(connection: Connection, now: datetime) -> Maintenance | None:
    """Why the page is closed now; None while it is open."""
    row = connection.execute(select(maintenance).where(maintenance.c.until > now)).one_or_none()
    if row is None:
        return None
    return Maintenance(since=row.since, until=row.until, message=row.message, message_en=row.message_en)
