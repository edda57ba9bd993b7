"""The outbox: what subscribers are to be told by mail, written in the transaction of what it tells of.

A row holds neither text nor addressee: both are made when it is sent, so that erasing a contact erases all there is.
Its Message-ID is made here once, so that a second copy can be told from a second message (RFC 5322 section 3.6.4).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from pki_revocation.database.schema import mail_outbox

_FAILURE_LENGTH = 300
# A client that guesses at ever new numbers fills no disk.
MOST_WAITING = 10_000


class MailKind(StrEnum):
    """The events that subscribers are mailed about."""

    REVOKED = "revoked"
    FAILURES = "failures"


class Outcome(StrEnum):
    """How a mail ended: taken by the mail server, or refused or never taken."""

    SENT = "sent"
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMail:
    """A mail to be sent; *issuer_id* and *sequence* are the journal row that it tells of, if any.

    *local_id* is the part of the Message-ID before the @.
    """

    id: int
    local_id: str
    kind: MailKind
    number: str
    issuer_id: int | None
    sequence: int | None
    told_at: datetime
    attempts: int


def tell_of_revocation(
    connection: Connection, number: str | None, issuer_id: int, sequence: int, now: datetime
) -> None:
    """Queue the mail of a revocation; whatever has no number has no subscriber either."""
    if number is not None:
        _queue(connection, MailKind.REVOKED, number, now, issuer_id=issuer_id, sequence=sequence)


def tell_of_failures(connection: Connection, number: str, now: datetime) -> None:
    """Queue the mail of failed attempts at a number, which need not exist.

    It is left out while more wait than a flood may queue; mails of revocations are always queued.
    """
    if waiting(connection)[0] < MOST_WAITING:
        _queue(connection, MailKind.FAILURES, number, now)


def due(connection: Connection, now: datetime, most: int) -> list[QueuedMail]:
    """The mails to be tried now, *most* at most, the oldest first."""
    rows = connection.execute(
        select(mail_outbox)
        .where(mail_outbox.c.outcome.is_(None), mail_outbox.c.next_attempt_at <= now)
        .order_by(mail_outbox.c.next_attempt_at, mail_outbox.c.id)
        .limit(most)
    )
    return [_mail(row) for row in rows]


def end(connection: Connection, mail: QueuedMail, outcome: Outcome, now: datetime, failure: str | None = None) -> None:
    """Write how a mail ended: its outcome, and the last failure where there was one."""
    connection.execute(
        update(mail_outbox)
        .where(mail_outbox.c.id == mail.id)
        .values(outcome=outcome.value, ended_at=now, attempts=mail.attempts + 1, failure=_cut(failure))
    )


def drop(connection: Connection, mail: QueuedMail) -> None:
    """Remove a mail that has no recipient: its number may not exist at all."""
    connection.execute(delete(mail_outbox).where(mail_outbox.c.id == mail.id))


def postpone(connection: Connection, mail: QueuedMail, until: datetime, failure: str) -> None:
    """Record why a mail was not taken, and when it is tried again."""
    connection.execute(
        update(mail_outbox)
        .where(mail_outbox.c.id == mail.id)
        .values(next_attempt_at=until, attempts=mail.attempts + 1, failure=_cut(failure))
    )


def forget(connection: Connection, now: datetime, kept: timedelta) -> int:
    """Delete mails that ended longer ago than *kept*; give the number of rows."""
    return connection.execute(delete(mail_outbox).where(mail_outbox.c.ended_at < now - kept)).rowcount


def waiting(connection: Connection) -> tuple[int, datetime | None]:
    """How many have not ended, and since when the oldest one waits."""
    row = connection.execute(
        select(func.count(), func.min(mail_outbox.c.told_at)).where(mail_outbox.c.outcome.is_(None))
    ).one()
    return int(row[0]), row[1]


def last_failure(connection: Connection) -> str | None:
    """Why the mail that waits longest was not taken the last time; None when none waits, or it was never tried."""
    return connection.execute(
        select(mail_outbox.c.failure).where(mail_outbox.c.outcome.is_(None)).order_by(mail_outbox.c.told_at).limit(1)
    ).scalar()


def _queue(
    connection: Connection,
    kind: MailKind,
    number: str,
    now: datetime,
    *,
    issuer_id: int | None = None,
    sequence: int | None = None,
) -> None:
    connection.execute(
        insert(mail_outbox).values(
            message_id=secrets.token_hex(16),
            kind=kind.value,
            number=number,
            issuer_id=issuer_id,
            sequence=sequence,
            told_at=now,
            next_attempt_at=now,
            attempts=0,
        )
    )


def _mail(row: Row[tuple[object, ...]]) -> QueuedMail:
    return QueuedMail(
        id=row.id,
        local_id=row.message_id,
        kind=MailKind(row.kind),
        number=row.number,
        issuer_id=row.issuer_id,
        sequence=row.sequence,
        told_at=row.told_at,
        attempts=row.attempts,
    )


def _cut(failure: str | None) -> str | None:
    return None if failure is None else failure[:_FAILURE_LENGTH]
