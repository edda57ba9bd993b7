"""Failed attempts in the database: counted by minute, one alarm an episode, audited, and deleted in time."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import iso
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import attempt_episodes, attempt_failures, attempt_minutes
from pki_revocation.model import Channel
from pki_revocation.subscribers import outbox

from . import metrics
from .bucket_keys import BucketKeys
from .client_address import ClientAddress
from .decision import MINUTE, FailureCount
from .settings import LimitSettings

# So many failures of one source in one minute have an audit record each; what follows is one record with its count.
AUDITED_INDIVIDUALLY = 5
# Of so many sources a minute's counts are audited each on their own, those of all others together.
AUDITED_SOURCES = 1000
# What one transaction writes of that: a revocation waits for no more.
AUDIT_BATCH = 25


class FailureStore:
    """Reads and writes failed attempts; every method takes the connection of its caller's transaction."""

    def __init__(self, *, database: Database, audit: AuditTrail, limits: LimitSettings) -> None:
        """*database* decides the SQL dialect, *audit* records the counts, *limits* say how long failures count."""
        self._insert = sqlite.insert if database.is_sqlite else postgresql.insert
        self._audit = audit
        self._limits = limits

    def failures(self, connection: Connection, keys: BucketKeys, now: datetime) -> list[FailureCount]:
        """The failures of the window that count for an attempt: its source's, its pair's, and those of all sources."""
        rows = connection.execute(
            select(attempt_failures).where(
                attempt_failures.c.subject.in_((keys.source, keys.number_and_source, keys.overall)),
                attempt_failures.c.minute > now - self._limits.window,
            )
        )
        return [FailureCount(subject=row.subject, minute=row.minute, count=row.failed) for row in rows]

    def record_failure(
        self,
        connection: Connection,
        number: str,
        source: ClientAddress,
        keys: BucketKeys,
        channel: Channel,
        now: datetime,
    ) -> bool:
        """Count a failure under all four keys, with the same statements whether or not the number exists.

        Gives whether it is the first one of its minute: then `audit_minutes` and `forget` are due.
        """
        minute = now.replace(second=0)
        counts = {subject: self._count(connection, subject, minute) for subject in keys.in_order()}
        self._alarm(connection, number, keys.number, now)
        if counts[keys.source] <= AUDITED_INDIVIDUALLY:
            personal = {"address": source.address or source.network, "number": number}
            self._audit.record(connection, "attempt.failed", {"channel": channel.value}, personal=personal)
        else:
            self.count_minute(connection, source.network, minute, failed=1, refused=0)
        return counts[keys.overall] == 1

    def count_minute(
        self, connection: Connection, network: str, minute: datetime, *, failed: int, refused: int
    ) -> None:
        """Add to the counts, failed and refused, of one source in one minute."""
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

    def audit_minutes(self, connection: Connection, before: datetime, most: int = AUDIT_BATCH) -> int:
        """Write counts of minutes that are over into the audit chain, *most* sources at once; give how many it wrote.

        The sources beyond *AUDITED_SOURCES*, those with the lowest counts, share one record, which is written first.
        """
        # Locked before reading, so that two processes never audit the same counts.
        self._audit.hold(connection)
        table, due = attempt_minutes, attempt_minutes.c.minute < before - MINUTE
        query = select(table).where(due).order_by((table.c.failed + table.c.refused).desc())
        rest = connection.execute(query.offset(AUDITED_SOURCES)).all()
        rows = [] if rest else connection.execute(query.limit(most)).all()
        if not rows and not rest:
            return 0
        for row in rows:
            detail = {"minute": iso(row.minute), "failed": row.failed, "refused": row.refused}
            self._audit.record(connection, "attempts.counted", detail, personal={"network": row.address})
        if rest:
            together = {
                "sources": len({row.address for row in rest}),
                "failed": sum(row.failed for row in rest),
                "refused": sum(row.refused for row in rest),
            }
            self._audit.record(connection, "attempts.counted", together)
        connection.execute(
            delete(table).where(table.c.address == bindparam("of"), table.c.minute == bindparam("at")),
            [{"of": row.address, "at": row.minute} for row in (*rows, *rest)],
        )
        return len(rows) + len(rest)

    def forget(self, connection: Connection, now: datetime) -> None:
        """Delete rows that count no more, and beyond *most_rows* those that will soonest count no more."""
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
        """Once for each episode, for numbers that exist and that do not: the notifier finds out which."""
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
        metrics.alarmed()
