"""Failed attempts in the database: counted by minute, alarmed about by episode, audited, and forgotten in time."""

import logging
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation import outbox
from pki_revocation.audit import AuditTrail
from pki_revocation.database import Database
from pki_revocation.model import Channel
from pki_revocation.schema import attempt_episodes, attempt_failures, attempt_minutes

from .settings import LimitSettings
from .source import Source
from .standing import MINUTE, Failures
from .subjects import Subjects

# So many failures of one source in one minute have an audit record each; what follows is one record with its count.
AUDITED_ONE_BY_ONE = 5
# Of so many sources a minute's counts are audited each on their own, those of all others together.
AUDITED_SOURCES = 1000
_log = logging.getLogger(__name__)


class Ledger:
    """Reads and writes them; every method takes the connection of its caller's transaction."""

    def __init__(self, *, database: Database, audit: AuditTrail, limits: LimitSettings) -> None:
        """On a database of either kind."""
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert
        self._audit = audit
        self._limits = limits

    def failures(self, connection: Connection, subjects: Subjects, now: datetime) -> list[Failures]:
        """What counts for this attempt now."""
        rows = connection.execute(
            select(attempt_failures).where(
                attempt_failures.c.subject.in_((subjects.source, subjects.pair, subjects.everybody)),
                attempt_failures.c.minute > now - self._limits.window,
            )
        )
        return [Failures(subject=row.subject, minute=row.minute, count=row.failed) for row in rows]

    def record_failure(
        self, connection: Connection, number: str, source: Source, subjects: Subjects, channel: Channel, now: datetime
    ) -> None:
        """Count a failure everywhere, with the same statements whether or not the number exists."""
        minute = now.replace(second=0)
        counts = {subject: self._count(connection, subject, minute) for subject in subjects.in_order()}
        if counts[subjects.everybody] == 1:
            self.forget(connection, now)
            self.audit_minutes(connection, minute)
        self._alarm(connection, number, subjects.number, now)
        if counts[subjects.source] <= AUDITED_ONE_BY_ONE:
            personal = {"address": source.address or source.network, "number": number}
            self._audit.record(connection, "attempt.failed", {"channel": channel.value}, personal=personal)
        else:
            self.count_minute(connection, source.network, minute, failed=1, refused=0)

    def count_minute(
        self, connection: Connection, network: str, minute: datetime, *, failed: int, refused: int
    ) -> None:
        """Add to what one source did in one minute."""
        statement = self._insert(attempt_minutes).values(address=network, minute=minute, failed=failed, refused=refused)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["address", "minute"],
                set_={
                    "failed": attempt_minutes.c.failed + failed,
                    "refused": attempt_minutes.c.refused + refused,
                },
            )
        )

    def audit_minutes(self, connection: Connection, before: datetime) -> int:
        """Write each source's counts of the minutes that are over into the audit chain; give the number of records."""
        self._audit.hold(connection)
        due = attempt_minutes.c.minute < before - MINUTE
        rows = connection.execute(
            select(attempt_minutes).where(due).order_by((attempt_minutes.c.failed + attempt_minutes.c.refused).desc())
        ).all()
        if not rows:
            return 0
        records = 0
        for row in rows[:AUDITED_SOURCES]:
            detail = {"minute": row.minute.isoformat(), "failed": row.failed, "refused": row.refused}
            self._audit.record(connection, "attempts.counted", detail, personal={"network": row.address})
            records += 1
        rest = rows[AUDITED_SOURCES:]
        if rest:
            detail = {
                "sources": len({row.address for row in rest}),
                "failed": sum(row.failed for row in rest),
                "refused": sum(row.refused for row in rest),
            }
            self._audit.record(connection, "attempts.counted", detail)
            records += 1
        connection.execute(delete(attempt_minutes).where(due))
        return records

    def forget(self, connection: Connection, now: datetime) -> None:
        """Take away what counts no more, and beyond *most_rows* what will soonest count no more."""
        kept_from = now - self._limits.window - MINUTE
        connection.execute(delete(attempt_failures).where(attempt_failures.c.minute < kept_from))
        rows = connection.execute(select(func.count()).select_from(attempt_failures)).scalar_one()
        if (excess := rows - self._limits.most_rows) > 0:
            oldest = select(attempt_failures.c.minute).order_by(attempt_failures.c.minute).offset(excess - 1).limit(1)
            edge = connection.execute(oldest).scalar_one()
            connection.execute(delete(attempt_failures).where(attempt_failures.c.minute <= edge))
        connection.execute(delete(attempt_episodes).where(attempt_episodes.c.last_at < now - self._limits.episode))

    def _count(self, connection: Connection, subject: bytes, minute: datetime) -> int:
        statement = self._insert(attempt_failures).values(subject=subject, minute=minute, failed=1)
        return int(
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["subject", "minute"], set_={"failed": attempt_failures.c.failed + 1}
                ).returning(attempt_failures.c.failed)
            ).scalar_one()
        )

    def _alarm(self, connection: Connection, number: str, subject: bytes, now: datetime) -> None:
        """Once for each episode, for numbers that exist and that do not: whoever sends the mail finds out which."""
        count = connection.execute(
            select(func.sum(attempt_failures.c.failed)).where(
                attempt_failures.c.subject == subject, attempt_failures.c.minute > now - self._limits.window
            )
        ).scalar_one()
        if count < self._limits.alarm_after:
            return
        last = connection.execute(
            select(attempt_episodes.c.last_at).where(attempt_episodes.c.subject == subject)
        ).scalar_one_or_none()
        if last is not None and last >= now - self._limits.episode:
            connection.execute(
                update(attempt_episodes).where(attempt_episodes.c.subject == subject).values(last_at=now)
            )
            return
        connection.execute(delete(attempt_episodes).where(attempt_episodes.c.subject == subject))
        connection.execute(self._insert(attempt_episodes).values(subject=subject, begun_at=now, last_at=now))
        outbox.tell_of_failures(connection, number, now)
        _log.warning("failed attempts pile up at one number: %s in %s", count, self._limits.window)
