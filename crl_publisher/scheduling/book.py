"""The versions of each issuer's schedule, in the database: seeded once, proposed, approved, withdrawn, never rewritten.

In force at an instant is the approved version with the latest beginning at or before it. Whatever would change that is
decided here, and written by `writing`.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock, iso
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer

from .change import Act, Change, followed, refuse_stale, refuse_unmeant_weakness
from .coverage import PublicValidity, check
from .entries import ScheduleEntry, entry_numbered, read_entries, timeline_of
from .errors import ScheduleRefused, VersionRefused
from .in_force import InForce
from .operators import NOTHING_SAID, Said, is_same_person
from .planned import before
from .schedule import Schedule
from .timeline import Timeline, Version
from .writing import BookWriter, PublicValidityOf

SEEDED_BY = "the configuration"
_LONGEST_NAME = 128


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
        self._seed = seed
        self._needs_second_person = needs_second_person
        self._public_validity = public_validity
        self._writer = BookWriter(database=database, clock=clock, audit=audit, public_validity=public_validity)

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
        self._writer.seed(issuer, entry)

    def _check_seed(self, public_validity: tuple[PublicValidity, ...], now: datetime, name: str) -> None:
        version = Version(number=1, effective_from=now, schedule=self._seed)
        try:
            check(Timeline(name, (version,)), public_validity, now)
        except ScheduleRefused as error:
            raise ScheduleRefused(f"The schedule of the section [publisher] cannot be used. {error}") from None

    def propose(
        self,
        issuer: Issuer,
        schedule: Schedule,
        *,
        by: str,
        at: datetime | None = None,
        restores: int | None = None,
        said: Said = NOTHING_SAID,
    ) -> ScheduleEntry:
        """Make a new version, which counts at once unless a second person has to approve it.

        Args:
            issuer: whose schedule it is.
            schedule: what it is to say.
            by: who makes it.
            at: when it comes into force; None for now, or as soon as it is approved.
            restores: the version that it was copied from.
            said: why, and what is meant by it.

        Raises:
            ScheduleRefused: when it would leave a gap, or break a rule at the handover.
            VersionRefused: when *at* is past, nothing would change, a planned version would undo it, or a weaker
            profile is not meant.
            StoreError: when the database does not answer.
        """
        name = _name(by)
        self.begin(issuer)

        def made(entries: tuple[ScheduleEntry, ...], now: datetime) -> Change:
            if at is not None and at <= now:
                raise VersionRefused(f"{iso(at)} is past: name a later time, or use 'schedule set' for now.")
            timeline = self._timeline(issuer, entries)
            version = Version(number=entries[-1].number + 1, effective_from=at or now, schedule=schedule)
            present = timeline.in_force(version.effective_from)
            entry = ScheduleEntry(
                number=version.number,
                schedule=schedule,
                effective_from=at,
                proposed_at=now,
                proposed_by=name,
                restores=restores,
                reason=said.reason,
                based_on=present.number,
            )
            if present.schedule == schedule:
                raise VersionRefused(
                    f"Nothing would change: version {present.number}, in force at {iso(version.effective_from)}, says "
                    "the same."
                )
            refuse_unmeant_weakness(present.schedule, schedule, said)
            if self._needs_second_person:
                # What becomes of planned versions is said with the approval: until then nothing changes.
                return Change(entry, timeline.with_version(version))
            entry = replace(entry, effective_from=at or now, approved_at=now, approved_by=name)
            return followed(Change(entry, timeline.with_version(version)), self._act(entries, said, name, now), version)

        event = "schedule.proposed" if self._needs_second_person else "schedule.set"
        return self._writer.change(issuer, made, event=event, by=name, is_new=True)

    def approve(
        self, issuer: Issuer, number: int, *, by: str, said: Said = NOTHING_SAID, as_proposed: bool = False
    ) -> ScheduleEntry:
        """Approve a version that another operator has proposed, and give its entry.

        Args:
            issuer: whose schedule it is.
            number: of the version.
            by: who approves.
            said: why, and what becomes of planned versions.
            as_proposed: whether it may undo what came to count since it was proposed.

        Raises:
            ScheduleRefused: when by now it would leave a gap.
            VersionRefused: when there is no such version, it is not open, its time is past, it is one's own, or it
            would undo something unasked.
            StoreError: when the database does not answer.
        """
        name = _name(by)

        def made(entries: tuple[ScheduleEntry, ...], now: datetime) -> Change:
            entry = entry_numbered(entries, number)
            if not entry.is_open:
                raise VersionRefused(f"Version {number} is not open: it was approved or withdrawn before.")
            if is_same_person(entry.proposed_by, name):
                raise VersionRefused(
                    f"Version {number} was proposed by {entry.proposed_by}: another person approves it."
                )
            if entry.effective_from is not None and entry.effective_from <= now:
                raise VersionRefused(
                    f"Version {number} was to come into force at {iso(entry.effective_from)}, which is past: "
                    "withdraw it, and propose it anew."
                )
            approved = replace(
                entry,
                effective_from=entry.effective_from or now,
                approved_at=now,
                approved_by=name,
                approved_reason=said.reason,
            )
            timeline, version = self._timeline(issuer, entries), approved.version()
            present = timeline.in_force(version.effective_from)
            if not as_proposed:
                refuse_stale(entries, entry, present)
            return followed(
                Change(approved, timeline.with_version(version)), self._act(entries, said, name, now), version
            )

        return self._writer.change(issuer, made, event="schedule.approved", by=name)

    def withdraw(self, issuer: Issuer, number: int, *, by: str, said: Said = NOTHING_SAID) -> ScheduleEntry:
        """Withdraw a version that is proposed, or planned and not yet in force, and give its entry.

        Raises:
            ScheduleRefused: when without it there would be a gap.
            VersionRefused: when there is no such version, it is or was in force, or a later planned one has its changes
                in it, and it was not said what becomes of that.
            StoreError: when the database does not answer.
        """
        name = _name(by)

        def made(entries: tuple[ScheduleEntry, ...], now: datetime) -> Change:
            entry = entry_numbered(entries, number)
            if entry.withdrawn_at is not None:
                raise VersionRefused(f"Version {number} was withdrawn before.")
            # A clock that was set back makes nothing planned that was in force.
            timeline = self._timeline(issuer, entries)
            present = timeline.in_force(now)
            if entry.counts and (entry.number == present.number or not entry.begins_after(now)):
                raise VersionRefused(
                    f"Version {number} is or was in force: set another one, or roll back, instead of withdrawing it."
                )
            withdrawn = replace(entry, withdrawn_at=now, withdrawn_by=name, withdrawn_reason=said.reason)
            rest = self._timeline(issuer, tuple(each for each in entries if each is not entry))
            change = Change(withdrawn, rest)
            if not entry.counts:
                return change
            version = entry.version()
            return followed(change, self._act(entries, said, name, now), before(timeline, version), place=version)

        return self._writer.change(issuer, made, event="schedule.withdrawn", by=name)

    def roll_back(self, issuer: Issuer, *, by: str, to: int | None = None, said: Said = NOTHING_SAID) -> ScheduleEntry:
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
            older = entry_numbered(entries, to)
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
        return self.propose(issuer, older.schedule, by=by, restores=older.number, said=said)

    def _timeline(self, issuer: Issuer, entries: tuple[ScheduleEntry, ...]) -> Timeline:
        return timeline_of(issuer.name, entries, self._seed, self._clock.now())

    def _act(self, entries: tuple[ScheduleEntry, ...], said: Said, by: str, now: datetime) -> Act:
        return Act(entries, said, by, now, self._needs_second_person)


def _name(by: str) -> str:
    name = " ".join(by.split())
    if not name or len(name) > _LONGEST_NAME:
        raise VersionRefused(f"Say who you are in 1 to {_LONGEST_NAME} characters, with --by NAME.")
    return name
