"""What the `schedule` commands share: options, who asks, and a desk with the book of one issuer on it."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import click

from crl_publisher import bootstrap
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scheduling.document import changed, from_file
from crl_publisher.scheduling.entries import ScheduleEntry, read_entries
from crl_publisher.scheduling.errors import ScheduleRefused
from crl_publisher.scheduling.operators import Said
from crl_publisher.scheduling.planned import Planned
from crl_publisher.scheduling.schedule import Schedule
from crl_publisher.scheduling.timeline import Timeline
from pki_revocation.clock import whole_second
from pki_revocation.config.installation import Installation
from pki_revocation.config.sections import duration
from pki_revocation.database.engine import Database
from pki_revocation.host.account import account
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import issuer_named
from pki_revocation.runtime.clock_keeping import open_clock

file_option = click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A whole schedule in TOML or JSON, as 'schedule show VERSION' prints it, instead of changes.",
)
by_option = click.option("--by", help="Who does this; the account that runs the command without it.")
reason_option = click.option("--reason", help="Why, as a ticket or a sentence; kept for good, so name no person.")
weaker_option = click.option("--weaker", is_flag=True, help="A weaker profile is meant; say why with --reason.")
planned_option = click.option(
    "--planned",
    type=click.Choice([each.value for each in Planned]),
    help="What becomes of planned versions that would undo this: made anew on top of it, withdrawn, or kept.",
)


def said(reason: str | None, *, weaker: bool = False, planned: str | None = None) -> Said:
    """What the three options say.

    Raises:
        VersionRefused: for a reason that is none.
    """
    return Said(reason=reason, is_weaker=weaker, planned=None if planned is None else Planned(planned))


@dataclass(frozen=True, slots=True)
class ScheduleChange:
    """A version that was written, what was in force *before* it, and the book since then.

    *withdrawn* are other versions that were taken back with it, *planned* those that take over later.
    """

    entry: ScheduleEntry
    before: Schedule
    entries: tuple[ScheduleEntry, ...]
    timeline: Timeline
    withdrawn: tuple[ScheduleEntry, ...]
    planned: tuple[ScheduleEntry, ...]

    def as_json(self) -> dict[str, object]:
        """The version's fields, and the others' numbers."""
        return self.entry.as_json() | {
            "withdrawn": [each.number for each in self.withdrawn],
            "planned": [each.number for each in self.planned],
        }


@dataclass(frozen=True, slots=True)
class ScheduleContext:
    """The book, and whose schedule a command is about."""

    book: ScheduleBook
    database: Database
    issuer: Issuer
    now: datetime

    def timeline(self) -> Timeline:
        """The issuer's versions that count."""
        with self.database.read() as connection:
            return self.book.timeline(connection, self.issuer)

    def changed(self, moment: datetime, change: Callable[[], ScheduleEntry]) -> ScheduleChange:
        """Make a change that takes over at *moment*, and look at the book before and after."""
        before, known = self.timeline().in_force(moment).schedule, self.entries()
        entry = change()
        entries, gone = self.entries(), {each.number for each in known if each.withdrawn_at is not None}
        return ScheduleChange(
            entry=entry,
            before=before,
            entries=entries,
            timeline=self.timeline(),
            withdrawn=tuple(
                each for each in entries if each.withdrawn_at is not None and each.number not in gone | {entry.number}
            ),
            planned=tuple(
                each
                for each in entries
                if each.counts and each.number != entry.number and each.begins_after(max(self.now, moment))
            ),
        )

    def entries(self) -> tuple[ScheduleEntry, ...]:
        """Every version of the issuer."""
        with self.database.read() as connection:
            return read_entries(connection, self.issuer)

    def timeline_from(self, begin: datetime) -> Timeline:
        """The same, as if what is in force now had been so from *begin* on, where that lies before it."""
        timeline = self.timeline()
        present = timeline.in_force(self.now)
        if begin >= present.effective_from:
            return timeline
        planned = tuple(each for each in timeline.versions if each.effective_from > self.now and each is not present)
        return Timeline(timeline.issuer, (replace(present, effective_from=begin), *planned))

    def wanted(self, changes: Sequence[str], file: Path | None, at: datetime | None = None) -> Schedule:
        """The schedule that a command's arguments describe: changes are to the one in force at that time."""
        if file is not None:
            if changes:
                raise ScheduleRefused("Give changes as KEY=VALUE, or --file, not both.")
            return from_file(file)
        return changed(self.timeline().in_force(at or self.now).schedule, changes)

    def moment(self, option: str, text: str) -> datetime:
        """The moment that the operator typed: `now`, `+2h`, or ISO 8601, which without a zone is in the schedule's."""
        text = text.strip()
        if text == "now":
            return self.now
        try:
            if text.startswith("+"):
                return self.now + duration(text[1:])
            found = datetime.fromisoformat(text)
            if found.tzinfo is None:
                zone = self.timeline().in_force(self.now).schedule.zone
                found = zone.instants(found.replace(microsecond=0))[0]
            return whole_second(found)
        except (ValueError, OverflowError):
            raise ScheduleRefused(
                f"{option} {text!r} is no time: write it as 2026-11-23T14:03:22Z, 2026-11-23T15:03, +2h or now."
            ) from None


@contextmanager
def open_schedule(installation: Installation, issuer_name: str | None) -> Iterator[ScheduleContext]:
    """The desk of an issuer; the default one without a name."""
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            issuer = issuer_named(connection, issuer_name)
        yield ScheduleContext(bootstrap.book(installation, database), database, issuer, open_clock(database).now())


def who(by: str | None) -> str:
    """The operator's name: *by*, or without it the account behind the command, before sudo where that was used."""
    return by or os.environ.get("SUDO_USER") or account()
