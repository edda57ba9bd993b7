"""Whom a certificate's letter goes to: language and address, kept apart so that they can be erased."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from pki_revocation.database.schema import (
    letter_recipients,
)
from pki_revocation.subscribers.recipients import Recipient


def recipient_of(connection: Connection, certificate_id: int) -> Recipient | None:
    """Whom this certificate's letter goes to, where that is known."""
    row = connection.execute(select(letter_recipients).filter_by(certificate_id=certificate_id)).one_or_none()
    if row is None:
        return None
    return Recipient(language=row.language, address=tuple(row.address.split("\n")) if row.address else ())


def store_recipient(connection: Connection, certificate_id: int, recipient: Recipient) -> None:
    """Register whom a certificate's letter goes to, in the place of whom it went to."""
    erase_recipient(connection, certificate_id)
    add_recipients(connection, [(certificate_id, recipient)])


def add_recipients(connection: Connection, recipients: Sequence[tuple[int, Recipient]]) -> None:
    """Register recipients of letters by certificate, where none is registered yet."""
    rows = [
        {"certificate_id": certificate_id, "language": each.language, "address": "\n".join(each.address)}
        for certificate_id, each in recipients
    ]
    if rows:
        connection.execute(insert(letter_recipients), rows)


def erase_recipient(connection: Connection, certificate_id: int) -> bool:
    """Forget language and address; whether there were any."""
    done = connection.execute(delete(letter_recipients).where(letter_recipients.c.certificate_id == certificate_id))
    return done.rowcount > 0
