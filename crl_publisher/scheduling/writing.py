"""Writes what was decided of a schedule: checked against what is public, and audited in the same transaction.

Nothing is written that was decided on another state of the book than it is in.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, select

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock, iso
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import issuers
from pki_revocation.errors import StoreError
from pki_revocation.model import Issuer

from .change import Change
from .coverage import PublicValidity, check
from .document import as_document
from .entries import ScheduleEntry, insert_entry, read_entries, update_entry

PublicValidityOf = Callable[[Connection, Issuer], tuple[PublicValidity, ...]]
_ATTEMPTS = 5


class BookWriter:
    """The one that writes versions."""

    def __init__(
        self, *, database: Database, clock: Clock, audit: AuditTrail, public_validity: PublicValidityOf
    ) -> None:
        """*public_validity* is that of an issuer's scopes' last CRLs."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._public_validity = public_validity

    def seed(self, issuer: Issuer, entry: ScheduleEntry) -> None:
        """Write a first version, unless there is one.

        Raises:
            StoreError: when the database does not answer.
        """
        with self._database.write() as connection:
            _lock(connection, issuer)
            if not read_entries(connection, issuer):
                insert_entry(connection, issuer, entry)
                self._record(connection, "schedule.seeded", issuer, entry, entry.proposed_by)

    def change(
        self,
        issuer: Issuer,
        made: Callable[[tuple[ScheduleEntry, ...], datetime], Change],
        *,
        event: str,
        by: str,
        is_new: bool = False,
    ) -> ScheduleEntry:
        """Check a change outside any lock, since that takes its time; write it when the book is still as it was.

        Args:
            issuer: whose schedule it is.
            made: makes the change of the versions that are there, at a moment.
            event: what the audit trail calls it.
            by: the operator.
            is_new: whether the change's version is not in the book yet.

        Raises:
            ScheduleRefused: when there would be a gap.
            StoreError: when the database does not answer, or others change the book all the time.
        """
        for _ in range(_ATTEMPTS):
            with self._database.read() as connection:
                entries = read_entries(connection, issuer)
                public_validity = self._public_validity(connection, issuer)
            now = self._clock.now()
            change = made(entries, now)
            check(change.timeline, public_validity, now)
            with self._database.write() as connection:
                _lock(connection, issuer)
                if read_entries(connection, issuer) == entries:
                    (insert_entry if is_new else update_entry)(connection, issuer, change.entry)
                    self._record(connection, event, issuer, change.entry, by)
                    for each in change.withdrawn:
                        update_entry(connection, issuer, each)
                        self._record(connection, "schedule.withdrawn", issuer, each, by)
                    for each in change.rebased:
                        insert_entry(connection, issuer, each)
                        self._record(connection, "schedule.rebased", issuer, each, by)
                    return change.entry
        raise StoreError("Others change this schedule all the time: try again.")

    def _record(self, connection: Connection, event: str, issuer: Issuer, entry: ScheduleEntry, by: str) -> None:
        detail: dict[str, object] = {
            "issuer": issuer.name,
            "version": entry.number,
            "effective_from": None if entry.effective_from is None else iso(entry.effective_from),
            "restores": entry.restores,
            "schedule": as_document(entry.schedule),
            **{
                name: value
                for name, value in (
                    ("reason", entry.reason),
                    ("approved_reason", entry.approved_reason),
                    ("withdrawn_reason", entry.withdrawn_reason),
                    ("rebases", entry.rebases),
                )
                if value is not None
            },
        }
        self._audit.record(connection, event, detail, personal={"operator": by})


def _lock(connection: Connection, issuer: Issuer) -> None:
    # Not the journal's head: a revocation need not wait for a schedule.
    connection.execute(select(issuers.c.id).where(issuers.c.id == issuer.id).with_for_update(key_share=True))
