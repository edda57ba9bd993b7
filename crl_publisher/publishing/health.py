"""Whether every CRL that should be public is: what `doctor` says of it, also where no publisher runs.

Looks at the record and the schedules alone. Whether the files are in their places, too, is the probe's to say.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, exists, func, select

from crl_publisher.entry_store.selection import rows_after
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.published import PublishedCrl, last_published
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scheduling.coverage import MAKING
from crl_publisher.scheduling.schedule import AfterRevocation, Schedule
from crl_publisher.scope import Scope
from pki_revocation.clock import Clock, iso
from pki_revocation.config.sections import duration_text
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.model import Issuer

# What was revoked just now may be on its way: the publisher looks twice a second, and signing takes a while.
_GRACE = timedelta(seconds=15)


class PublicationCheck:
    """Looks at the CRLs of issuers whose keys are here."""

    def __init__(
        self, *, database: Database, clock: Clock, book: ScheduleBook, issuance: CrlIssuance, size_limit: int
    ) -> None:
        """*issuance* knows which CRLs an issuer has; *size_limit* is [crl] size_limit, in octets."""
        self._database = database
        self._clock = clock
        self._book = book
        self._issuance = issuance
        self._size_limit = size_limit

    def complaints(self, issuer: Issuer) -> Iterator[tuple[Scope, str]]:
        """What is wrong with an issuer's CRLs, a sentence for each thing, with the complete scope that it is about.

        Raises:
            StoreError: when the database does not answer.
        """
        now = self._clock.now()
        with self._database.read() as connection:
            timeline = self._book.timeline(connection, issuer)
            schedule = timeline.in_force(now).schedule
            for scope in self._issuance.scopes(connection, issuer):
                crl = last_published(connection, issuer, scope)
                if crl is None:
                    if _has_certificates(connection, issuer):
                        yield scope, "none was ever published, and there are certificates"
                    continue
                for sentence in self._of_one(connection, issuer, scope, crl, schedule, now):
                    yield scope, sentence
                due = None if crl.is_last else timeline.next_due(crl.published_at)
                if due is not None and due + MAKING < now:
                    yield scope, f"the one that was due at {iso(due)} did not come"

    def _of_one(
        self,
        connection: Connection,
        issuer: Issuer,
        scope: Scope,
        crl: PublishedCrl,
        schedule: Schedule,
        now: datetime,
    ) -> Iterator[str]:
        if crl.next_update <= now:
            yield f"CRL {crl.number} lapsed at {iso(crl.next_update)}"
        if crl.size > self._size_limit:
            yield f"CRL {crl.number} has {crl.size} bytes, and [crl] size_limit is {self._size_limit}"
        covered = crl.covers_sequence
        if schedule.after_revocation is AfterRevocation.DELTA:
            delta = last_published(connection, issuer, scope.delta)
            covered = max(covered, 0 if delta is None else delta.covers_sequence)
        count, first = _uncovered(connection, issuer, scope, covered)
        if first is None:
            return
        if crl.is_last:
            yield (
                f"CRL {crl.number} is the last one, and {count} revocations since {iso(first)} are on none: nothing "
                "may be revoked behind a last CRL, and OCSP alone says so"
            )
        elif first + schedule.publish_within + _GRACE < now:
            yield (
                f"{count} revocations since {iso(first)} are on none yet, and publish_within is "
                f"{duration_text(schedule.publish_within)}"
            )


def _uncovered(connection: Connection, issuer: Issuer, scope: Scope, covered: int) -> tuple[int, datetime | None]:
    """How many rows of the journal lie behind a sequence on this scope, and when the first was recorded."""
    rows = rows_after(issuer, scope, covered).subquery()
    count, first = connection.execute(select(func.count(), func.min(rows.c.recorded_at))).one()
    return count, first


def _has_certificates(connection: Connection, issuer: Issuer) -> bool:
    return bool(connection.scalar(select(exists().where(certificates.c.issuer_id == issuer.id))))
