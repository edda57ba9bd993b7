"""The versions of each issuer's schedule, in the database: seeded once, proposed, approved, withdrawn, never rewritten.

In force at an instant is the approved version with the latest beginning at or before it. Whatever would change that is
checked first, against what is public, and audited in the transaction that writes it.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock, iso
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import issuers
from pki_revocation.errors import StoreError
from pki_revocation.model import Issuer

from .coverage import PublicValidity, check
from .document import as_document
from .entries import ScheduleEntry, insert_entry, read_entries, timeline_of, update_entry
from .errors import ScheduleRefused, VersionRefused
from .in_force import InForce
from .schedule import Schedule
from .timeline import Timeline, Version

SEEDED_BY = "the configuration"
_LONGEST_NAME = 128
_ATTEMPTS = 5

PublicValidityOf = Callable[[Connection, Issuer], tuple[PublicValidity, ...]]


class ScheduleBook:
    """Reads and writes the versions; a reader gets the seed where nothing is written yet."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit: AuditTrail,
        seed: Schedule,
        needs_second_person: bool,
        public_validity: PublicValidityOf,
    ) -> None:
        """*seed* is the first version of an issuer; *public_validity* that of its scopes' last CRLs."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._seed = seed
        self._needs_second_person = needs_second_person
        self._public_validity = public_validity

    def timeline(self, connection: Connection, issuer: Issuer) -> Timeline:
        """The versions that count; the seed, from now on, where the book was not begun."""
        return self._timeline(issuer, read_entries(connection, issuer))

    def in_force(self, connection: Connection, issuer: Issuer, moment: datetime) -> InForce:
        """The version that a CRL issued at *moment* follows."""
        timeline = self.timeline(connection, issuer)
        return InForce(timeline, timeline.in_force(moment))

    def public_validity(self, connection: Connection, issuer: Issuer) -> tuple[PublicValidity, ...]:
        """The last public CRL of each of the issuer's scopes."""
        return self._public_validity(connection, issuer)

    def check_seed(self, issuers: Iterable[Issuer]) -> None:
        """Check the configuration's schedule, where it is to be the first version of any of these issuers.

        Raises:
            ScheduleRefused: when it would leave a gap.
            StoreError: when the database does not answer.
        """
        with self._database.read() as connection:
            if all(read_entries(connection, issuer) for issuer in issuers):
                return
        self._check_seed((), self._clock.now(), "issuing")

    def begin(self, issuer: Issuer) -> None:
        """Write the first version, once: the configuration's.

        Raises:
            ScheduleRefused: when it would leave a gap.
            StoreError: when the database does not answer.
        """
        with self._database.read() as connection:
            if read_entries(connection, issuer):
                return
            public_validity = self._public_validity(connection, issuer)
        now = self._clock.now()
        entry = ScheduleEntry(
            number=1,
            schedule=self._seed,
            effective_from=now,
            proposed_at=now,
            proposed_by=SEEDED_BY,
            approved_at=now,
            approved_by=SEEDED_BY,
        )
        self._check_seed(public_validity, now, issuer.name)
        with self._database.write() as connection:
            self._lock(connection, issuer)
            if not read_entries(connection, issuer):
                insert_entry(connection, issuer, entry)
                self._record(connection, "schedule.seeded", issuer, entry, SEEDED_BY)

    def _check_seed(self, public_validity: tuple[PublicValidity, ...], now: datetime, name: str) -> None:
        version = Version(number=1, effective_from=now, schedule=self._seed)
        try:
            check(Timeline(name, (version,)), public_validity, now)
        except ScheduleRefused as error:
            raise ScheduleRefused(f"The schedule of the section [publisher] cannot be used. {error}") from None

    def propose(
        self, issuer: Issuer, schedule: Schedule, *, by: str, at: datetime | None = None, restores: int | None = None
    ) -> ScheduleEntry:
        """Make a new version, which counts at once unless a second person has to approve it.

        Args:
            issuer: whose schedule it is.
            schedule: what it is to say.
            by: who makes it.
            at: when it comes into force; None for now, or as soon as it is approved.
            restores: the version that it was copied from.

        Raises:
            ScheduleRefused: when it would leave a gap, or break a rule at the handover.
            VersionRefused: when *at* is past, or nothing would change.
            StoreError: when the database does not answer.
        """
        name = _name(by)
        self.begin(issuer)

        def made(entries: tuple[ScheduleEntry, ...], now: datetime) -> tuple[ScheduleEntry, Timeline]:
            if at is not None and at <= now:
                raise VersionRefused(f"{iso(at)} is past: name a later time, or use 'schedule set' for now.")
            timeline = self._timeline(issuer, entries)
            entry = ScheduleEntry(
                number=entries[-1].number + 1,
                schedule=schedule,
                effective_from=at,
                proposed_at=now,
                proposed_by=name,
                restores=restores,
            )
            if not self._needs_second_person:
                entry = replace(entry, effective_from=at or now, approved_at=now, approved_by=name)
            version = Version(number=entry.number, effective_from=at or now, schedule=schedule)
            if timeline.in_force(version.effective_from).schedule == schedule:
                raise VersionRefused(
                    f"Nothing would change: version {timeline.in_force(version.effective_from).number}, in force at "
                    f"{iso(version.effective_from)}, says the same."
                )
            return entry, timeline.with_version(version)

        def write(connection: Connection, entry: ScheduleEntry) -> None:
            insert_entry(connection, issuer, entry)
            event = "schedule.proposed" if self._needs_second_person else "schedule.set"
            self._record(connection, event, issuer, entry, name)

        return self._change(issuer, made, write)

    def approve(self, issuer: Issuer, number: int, *, by: str) -> ScheduleEntry:
        """Approve a version that another operator has proposed, and give its entry.

        Raises:
            ScheduleRefused: when by now it would leave a gap.
            VersionRefused: when there is no such version, it is not open, its time is past, or it is one's own.
            StoreError: when the database does not answer.
        """
        name = _name(by)

        def made(entries: tuple[ScheduleEntry, ...], now: datetime) -> tuple[ScheduleEntry, Timeline]:
            entry = _found(entries, number)
            if not entry.is_open:
                raise VersionRefused(f"Version {number} is not open: it was approved or withdrawn before.")
            if entry.proposed_by.casefold() == name.casefold():
                raise VersionRefused(
                    f"Version {number} was proposed by {entry.proposed_by}: another person approves it."
                )
            if entry.effective_from is not None and entry.effective_from <= now:
                raise VersionRefused(
                    f"Version {number} was to come into force at {iso(entry.effective_from)}, which is past: "
                    "withdraw it, and propose it anew."
                )
            approved = replace(entry, effective_from=entry.effective_from or now, approved_at=now, approved_by=name)
            return approved, self._timeline(issuer, entries).with_version(approved.version())

        def write(connection: Connection, entry: ScheduleEntry) -> None:
            update_entry(connection, issuer, entry)
            self._record(connection, "schedule.approved", issuer, entry, name)

        return self._change(issuer, made, write)

    def withdraw(self, issuer: Issuer, number: int, *, by: str) -> ScheduleEntry:
        """Withdraw a version that is proposed, or planned and not yet in force, and give its entry.

        Raises:
            ScheduleRefused: when without it there would be a gap.
            VersionRefused: when there is no such version, or it is or was in force.
            StoreError: when the database does not answer.
        """
        name = _name(by)

        def made(entries: tuple[ScheduleEntry, ...], now: datetime) -> tuple[ScheduleEntry, Timeline]:
            entry = _found(entries, number)
            if entry.withdrawn_at is not None:
                raise VersionRefused(f"Version {number} was withdrawn before.")
            # A clock that was set back makes nothing planned that was in force.
            present = self._timeline(issuer, entries).in_force(now)
            if entry.counts and (entry.number == present.number or not entry.begins_after(now)):
                raise VersionRefused(
                    f"Version {number} is or was in force: set another one, or roll back, instead of withdrawing it."
                )
            withdrawn = replace(entry, withdrawn_at=now, withdrawn_by=name)
            return withdrawn, self._timeline(issuer, tuple(each for each in entries if each is not entry))

        def write(connection: Connection, entry: ScheduleEntry) -> None:
            update_entry(connection, issuer, entry)
            self._record(connection, "schedule.withdrawn", issuer, entry, name)

        return self._change(issuer, made, write)

    def roll_back(self, issuer: Issuer, *, by: str, to: int | None = None) -> ScheduleEntry:
        """Make a new version that says what an older one said: *to*, or the last one in force that said otherwise.

        Raises:
            ScheduleRefused, VersionRefused, StoreError: as for `propose`; also when there is no such version.
        """
        self.begin(issuer)
        with self._database.read() as connection:
            entries = read_entries(connection, issuer)
        now = self._clock.now()
        present = self._timeline(issuer, entries).in_force(now)
        if to is not None:
            older = _found(entries, to)
        else:
            past = [
                each
                for each in sorted(
                    (each for each in entries if each.counts and each.effective_from is not None),
                    key=lambda each: (each.effective_from, each.number),
                )
                if (each.effective_from, each.number) < (present.effective_from, present.number)
                and each.schedule != present.schedule
            ]
            if not past:
                raise VersionRefused(f"Before version {present.number} nothing else was in force.")
            older = past[-1]
        return self.propose(issuer, older.schedule, by=by, restores=older.number)

    def _change(
        self,
        issuer: Issuer,
        made: Callable[[tuple[ScheduleEntry, ...], datetime], tuple[ScheduleEntry, Timeline]],
        write: Callable[[Connection, ScheduleEntry], None],
    ) -> ScheduleEntry:
        """Check outside any lock, since that takes its time; write when the book is still as it was."""
        for _ in range(_ATTEMPTS):
            with self._database.read() as connection:
                entries = read_entries(connection, issuer)
                public_validity = self._public_validity(connection, issuer)
            now = self._clock.now()
            entry, timeline = made(entries, now)
            check(timeline, public_validity, now)
            with self._database.write() as connection:
                self._lock(connection, issuer)
                if read_entries(connection, issuer) == entries:
                    write(connection, entry)
                    return entry
        raise StoreError("Others change this schedule all the time: try again.")

    def _timeline(self, issuer: Issuer, entries: tuple[ScheduleEntry, ...]) -> Timeline:
        return timeline_of(issuer.name, entries, self._seed, self._clock.now())

    @staticmethod
    def _lock(connection: Connection, issuer: Issuer) -> None:
        # Not the journal's head: a revocation need not wait for a schedule.
        connection.execute(select(issuers.c.id).where(issuers.c.id == issuer.id).with_for_update(key_share=True))

    def _record(self, connection: Connection, event: str, issuer: Issuer, entry: ScheduleEntry, by: str) -> None:
        detail: dict[str, object] = {
            "issuer": issuer.name,
            "version": entry.number,
            "effective_from": None if entry.effective_from is None else iso(entry.effective_from),
            "restores": entry.restores,
            "schedule": as_document(entry.schedule),
        }
        self._audit.record(connection, event, detail, personal={"operator": by})


def _found(entries: tuple[ScheduleEntry, ...], number: int) -> ScheduleEntry:
    for entry in entries:
        if entry.number == number:
            return entry
    known = f"1 to {entries[-1].number}" if entries else "none yet"
    raise VersionRefused(f"There is no version {number}: there are {known}.")


def _name(by: str) -> str:
    name = " ".join(by.split())
    if not name or len(name) > _LONGEST_NAME:
        raise VersionRefused(f"Say who you are in 1 to {_LONGEST_NAME} characters, with --by NAME.")
    return name
