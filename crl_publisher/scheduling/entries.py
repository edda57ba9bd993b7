"""One version of a schedule as the book keeps it: what it says, and who proposed, approved or withdrew it when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, insert, select, update

from pki_revocation.clock import iso
from pki_revocation.database.schema import crl_schedules
from pki_revocation.model import Issuer

from .document import as_document, as_json, from_json
from .errors import VersionRefused
from .schedule import Schedule
from .timeline import Timeline, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleEntry:
    """One row of the book; *effective_from* is None for 'as soon as it is approved'.

    *based_on* is the version that it changes something of, *rebases* the planned one that it is made anew of.
    """

    number: int
    schedule: Schedule
    effective_from: datetime | None
    proposed_at: datetime
    proposed_by: str
    restores: int | None = None
    approved_at: datetime | None = None
    approved_by: str | None = None
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    reason: str | None = None
    approved_reason: str | None = None
    withdrawn_reason: str | None = None
    based_on: int | None = None
    rebases: int | None = None

    @property
    def counts(self) -> bool:
        """Whether it is, was or will be in force."""
        return self.approved_at is not None and self.withdrawn_at is None

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its approval."""
        return self.approved_at is None and self.withdrawn_at is None

    def begins_after(self, moment: datetime) -> bool:
        """Whether it comes into force later than that."""
        return self.effective_from is not None and self.effective_from > moment

    def version(self) -> Version:
        """The entry as a version of the timeline."""
        if self.effective_from is None:
            raise ValueError("a version without a beginning is in no timeline")
        return Version(number=self.number, effective_from=self.effective_from, schedule=self.schedule)

    def as_json(self) -> dict[str, object]:
        """The fields as commands print them."""
        return {
            "version": self.number,
            "effective_from": _iso(self.effective_from),
            "restores": self.restores,
            "proposed_at": iso(self.proposed_at),
            "proposed_by": self.proposed_by,
            "approved_at": _iso(self.approved_at),
            "approved_by": self.approved_by,
            "withdrawn_at": _iso(self.withdrawn_at),
            "withdrawn_by": self.withdrawn_by,
            "reason": self.reason,
            "approved_reason": self.approved_reason,
            "withdrawn_reason": self.withdrawn_reason,
            "based_on": self.based_on,
            "rebases": self.rebases,
            "schedule": as_document(self.schedule),
        }


def timeline_of(name: str, entries: Iterable[ScheduleEntry], seed: Schedule, begins: datetime) -> Timeline:
    """The versions of an issuer's book that count; *seed*, since *begins*, where the book was not begun."""
    found = tuple(entry.version() for entry in entries if entry.counts)
    return Timeline(name, found or (Version(number=1, effective_from=begins, schedule=seed),))


def read_entries(connection: Connection, issuer: Issuer) -> tuple[ScheduleEntry, ...]:
    """Every version of an issuer, in the order in which they were made."""
    rows = connection.execute(
        select(crl_schedules).where(crl_schedules.c.issuer_id == issuer.id).order_by(crl_schedules.c.version)
    )
    return tuple(
        ScheduleEntry(
            number=row.version,
            schedule=from_json(row.document),
            effective_from=row.effective_from,
            restores=row.restores,
            proposed_at=row.proposed_at,
            proposed_by=row.proposed_by,
            approved_at=row.approved_at,
            approved_by=row.approved_by,
            withdrawn_at=row.withdrawn_at,
            withdrawn_by=row.withdrawn_by,
            reason=row.reason,
            approved_reason=row.approved_reason,
            withdrawn_reason=row.withdrawn_reason,
            based_on=row.based_on,
            rebases=row.rebases,
        )
        for row in rows
    )


def entry_numbered(entries: tuple[ScheduleEntry, ...], number: int) -> ScheduleEntry:
    """The version with this number.

    Raises:
        VersionRefused: when there is none.
    """
    for entry in entries:
        if entry.number == number:
            return entry
    known = f"1 to {entries[-1].number}" if entries else "none yet"
    raise VersionRefused(f"There is no version {number}: there are {known}.")


def weakened(entries: Iterable[ScheduleEntry], moment: datetime) -> tuple[ScheduleEntry, ScheduleEntry] | None:
    """The version that made the profile in force at a moment weaker, and the one before it; None where none did."""
    begun = [each for each in entries if each.counts and not each.begins_after(moment)]
    found: tuple[ScheduleEntry, ScheduleEntry] | None = None
    for stronger, entry in pairwise(sorted(begun, key=lambda each: (each.effective_from or moment, each.number))):
        if found is not None and not entry.schedule.profile.weaker_than(found[1].schedule.profile):
            found = None
        if found is None and entry.schedule.profile.weaker_than(stronger.schedule.profile):
            found = entry, stronger
    return found


def insert_entry(connection: Connection, issuer: Issuer, entry: ScheduleEntry) -> None:
    """Write a new version of an issuer's schedule, in the connection's transaction."""
    row = {
        "document": as_json(entry.schedule),
        "effective_from": entry.effective_from,
        "restores": entry.restores,
        "proposed_at": entry.proposed_at,
        "proposed_by": entry.proposed_by,
        "approved_at": entry.approved_at,
        "approved_by": entry.approved_by,
        "reason": entry.reason,
        "approved_reason": entry.approved_reason,
        "based_on": entry.based_on,
        "rebases": entry.rebases,
    }
    connection.execute(insert(crl_schedules).values(issuer_id=issuer.id, version=entry.number, **row))


def update_entry(connection: Connection, issuer: Issuer, entry: ScheduleEntry) -> None:
    """Write its approval or its withdrawal: what else it says stays."""
    connection.execute(
        update(crl_schedules)
        .where(crl_schedules.c.issuer_id == issuer.id, crl_schedules.c.version == entry.number)
        .values(
            effective_from=entry.effective_from,
            approved_at=entry.approved_at,
            approved_by=entry.approved_by,
            withdrawn_at=entry.withdrawn_at,
            withdrawn_by=entry.withdrawn_by,
            approved_reason=entry.approved_reason,
            withdrawn_reason=entry.withdrawn_reason,
        )
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)
