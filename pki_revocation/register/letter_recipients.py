"""The recipient of a certificate's letter: language and address, kept apart so that they can be erased."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from pki_revocation.database.schema import (
    letter_recipients,
)
from pki_revocation.subscribers.recipients import Recipient


def recipient_of(connection: Connection, certificate_id: int) -> Recipient | None:
    """The recipient of this certificate's letter; None where it is not registered."""
    row = connection.execute(select(letter_recipients).filter_by(certificate_id=certificate_id)).one_or_none()
    if row is None:
        return None
    return Recipient(language=row.language, address=tuple(row.address.split("\n")) if row.address else ())


def store_recipient(connection: Connection, certificate_id: int, recipient: Recipient) -> None:
    """Register the recipient of a certificate's letter, in place of an earlier one."""
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
    """Delete language and address; True when there were any."""
    done = connection.execute(delete(letter_recipients).where(letter_recipients.c.certificate_id == certificate_id))
    return done.rowcount > 0
