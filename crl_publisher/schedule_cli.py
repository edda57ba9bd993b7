"""`schedule`: see it, try changes before they count, hand over from one to the next, approve, take back."""

import getpass
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import click

from pki_revocation import register
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import SystemClock, iso, whole_second
from pki_revocation.config import duration
from pki_revocation.database import Database
from pki_revocation.errors import PkiError
from pki_revocation.installation import Installation
from pki_revocation.model import Issuer

from . import bootstrap
from .scheduling.book import ScheduleBook
from .scheduling.document import as_document, as_toml, changed, differences, from_file
from .scheduling.drawing import draw
from .scheduling.entries import Entry, read_entries
from .scheduling.errors import ScheduleRefused, VersionRefused
from .scheduling.preview import preview as simulated
from .scheduling.schedule import Schedule
from .scheduling.simulation import Stretch
from .scheduling.timeline import Timeline, Version
from .store import PublishedCrl, last_published

_issuer_option = click.option("--issuer", "issuer_name", help="The issuer; the default one without it.")
_json_option = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
_file_option = click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A whole schedule in TOML or JSON, as 'schedule show VERSION' prints it, instead of changes.",
)
_by_option = click.option("--by", help="Who does this; the account that runs the command without it.")
_LONGEST_HORIZON = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a command works with."""

    book: ScheduleBook
    database: Database
    issuer: Issuer
    now: datetime

    def timeline(self) -> Timeline:
        """The versions that count."""
        with self.database.read() as connection:
            return self.book.timeline(connection, self.issuer)

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
        """A time that somebody typed: `now`, `+2h`, ISO 8601; without a zone it is the schedule's."""
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


@click.group()
def schedule() -> None:
    """When CRLs are published: show, preview, set, hand over, approve, roll back."""


@schedule.command()
@click.argument("version", required=False, type=click.IntRange(min=1))
@_issuer_option
@_json_option
@installation_option
def show(installation: Installation, *, version: int | None, issuer_name: str | None, as_json: bool) -> None:
    """The schedule in force, all versions, and for each issuer the CRL that is public and when the next one comes.

    With a VERSION, that one as a TOML document, which `--file` takes.
    """
    with _desk(installation, issuer_name) as desk:
        holder = bootstrap.lease(installation, desk.database).current_holder()
        with desk.database.read() as connection:
            entries = read_entries(connection, desk.issuer)
            timeline = desk.book.timeline(connection, desk.issuer)
            issuers = register.all_issuers(connection)
            standing = {issuer.name: last_published(connection, issuer) for issuer in issuers}
            due = {
                issuer.name: _next_at(desk.book.timeline(connection, issuer), standing[issuer.name])
                for issuer in issuers
            }
    if version is not None:
        _print_version(entries, version, as_json=as_json)
        return
    in_force = timeline.in_force(desk.now)
    rules = as_document(in_force.schedule)
    if as_json:
        answer = rules | {
            "issuer": desk.issuer.name,
            "version": in_force.number,
            "versions": [_state(entry, in_force, desk.now) | entry.as_json() for entry in entries],
            "publisher": holder,
            "issuers": {
                name: None if last is None else {"next_at": due[name]} | last.as_json()
                for name, last in standing.items()
            },
        }
        click.echo(json.dumps(answer))
        return
    click.echo(f"{desk.issuer.name}, version {in_force.number}, in force since {iso(in_force.effective_from)}:")
    for name, value in rules.items():
        click.echo(f"  {name.replace('_', ' ')}: {value}")
    click.echo("versions:")
    for entry in entries:
        click.echo(f"  {_entry_line(entry, in_force, desk.now)}")
    if not entries:
        click.echo("  none yet: the publisher, or the first change, writes the configuration's as version 1")
    click.echo(f"publisher: {holder or 'none is running'}")
    for name, last in standing.items():
        if last is None:
            click.echo(f"{name}: none yet")
        else:
            following = f"the next one at {due[name]} at the latest" if due[name] else "and no routine one follows"
            click.echo(f"{name}: CRL {last.number} until {iso(last.next_update)}, {following}")


@schedule.command(name="set")
@click.argument("changes", nargs=-1, metavar="KEY=VALUE...")
@_file_option
@_by_option
@_issuer_option
@_json_option
@installation_option
def set_now(
    installation: Installation,
    *,
    changes: tuple[str, ...],
    file: Path | None,
    by: str | None,
    issuer_name: str | None,
    as_json: bool,
) -> None:
    """Change the schedule now: a running publisher takes it up at its next look.

    Nothing is saved that breaks a bound, or would leave any instant without a valid CRL.
    """
    with _desk(installation, issuer_name) as desk:
        wanted = desk.wanted(changes, file)
        before = desk.timeline().in_force(desk.now).schedule
        entry = desk.book.propose(desk.issuer, wanted, by=_who(by))
    _say(entry, before, as_json=as_json)


@schedule.command()
@click.argument("changes", nargs=-1, metavar="KEY=VALUE...")
@click.option("--at", required=True, help="When it takes over: 2026-11-23T14:03:22Z, 2026-11-23T15:03, +2h.")
@_file_option
@_by_option
@_issuer_option
@_json_option
@installation_option
def rotate(  # noqa: PLR0913 - one argument for each option
    installation: Installation,
    *,
    changes: tuple[str, ...],
    at: str,
    file: Path | None,
    by: str | None,
    issuer_name: str | None,
    as_json: bool,
) -> None:
    """Hand over to another schedule at a time: its first CRL comes before the old one's last expires.

    NextUpdate never goes backwards over it; a handover that would leave a gap is refused, and the instant named.
    """
    with _desk(installation, issuer_name) as desk:
        moment = desk.moment("--at", at)
        wanted = desk.wanted(changes, file, moment)
        before = desk.timeline().in_force(moment).schedule
        entry = desk.book.propose(desk.issuer, wanted, by=_who(by), at=moment)
    _say(entry, before, as_json=as_json)


@schedule.command()
@click.argument("version", type=click.IntRange(min=1))
@_by_option
@_issuer_option
@_json_option
@installation_option
def approve(
    installation: Installation, *, version: int, by: str | None, issuer_name: str | None, as_json: bool
) -> None:
    """Approve a VERSION that somebody else has proposed: it is checked once more, and counts."""
    with _desk(installation, issuer_name) as desk:
        before = desk.timeline().in_force(desk.now).schedule
        entry = desk.book.approve(desk.issuer, version, by=_who(by))
    _say(entry, before, as_json=as_json)


@schedule.command()
@click.argument("version", type=click.IntRange(min=1))
@_by_option
@_issuer_option
@installation_option
def withdraw(installation: Installation, *, version: int, by: str | None, issuer_name: str | None) -> None:
    """Take back a VERSION that is proposed, or planned and not yet in force."""
    with _desk(installation, issuer_name) as desk:
        entry = desk.book.withdraw(desk.issuer, version, by=_who(by))
    click.echo(f"Version {entry.number} was withdrawn by {entry.withdrawn_by}: it will not come into force.")


@schedule.command()
@click.option("--to", type=click.IntRange(min=1), help="The version to restore; without it the one before.")
@_by_option
@_issuer_option
@_json_option
@installation_option
def rollback(
    installation: Installation, *, to: int | None, by: str | None, issuer_name: str | None, as_json: bool
) -> None:
    """Restore an older version: a new one that says the same, checked and approved like any other."""
    with _desk(installation, issuer_name) as desk:
        before = desk.timeline().in_force(desk.now).schedule
        entry = desk.book.roll_back(desk.issuer, by=_who(by), to=to)
    _say(entry, before, as_json=as_json)


@schedule.command()
@click.argument("changes", nargs=-1, metavar="[KEY=VALUE]...")
@_file_option
@click.option("--at", help="When the changes take over; at the beginning without it.")
@click.option("--from", "start", default="now", show_default=True, help="Where the simulation begins.")
@click.option("--horizon", default="30d", show_default=True, help="How far it goes: 12h, 30d, 400d.")
@click.option("--outage", "outages", multiple=True, metavar="START/LENGTH", help="No publisher: 2026-11-24T05:00Z/8h.")
@click.option("--misfire", "misfires", multiple=True, metavar="TIME", help="The first run from then on fails to come.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw it into this file too.")
@click.option("--rows", type=click.IntRange(min=0), default=40, show_default=True, help="Lines of the table at most.")
@_issuer_option
@_json_option
@installation_option
def preview(  # noqa: PLR0913 - one argument for each option
    installation: Installation,
    *,
    changes: tuple[str, ...],
    file: Path | None,
    at: str | None,
    start: str,
    horizon: str,
    outages: tuple[str, ...],
    misfires: tuple[str, ...],
    svg: Path | None,
    rows: int,
    issuer_name: str | None,
    as_json: bool,
) -> None:
    """Simulate the schedule, or one that is only a thought yet: what comes when, and whether anything is uncovered."""
    with _desk(installation, issuer_name) as desk:
        begin = desk.moment("--from", start)
        end = begin + _horizon(horizon)
        timeline = desk.timeline_from(begin)
        if changes or file is not None:
            moment = begin if at is None else desk.moment("--at", at)
            wanted = desk.wanted(changes, file, moment)
            number = max(version.number for version in timeline.versions) + 1
            timeline = timeline.with_version(Version(number=number, effective_from=moment, schedule=wanted))
        elif at is not None:
            raise ScheduleRefused("--at says when changes take over: give some as KEY=VALUE, or --file.")
        with desk.database.read() as connection:
            standing = desk.book.standing(connection, desk.issuer)
        shown = simulated(
            timeline,
            standing=min((each for each in standing if each.published_at <= begin), key=_until, default=None),
            start=begin,
            end=end,
            outages=tuple(_outage(desk, text) for text in outages),
            misfires=tuple(desk.moment("--misfire", text) for text in misfires),
        )
    if svg is not None:
        try:
            svg.write_text(draw(shown), "utf-8")
        except OSError as error:
            raise PkiError(f"{svg} cannot be written: {error.strerror or error}.") from error
    if as_json:
        click.echo(json.dumps(shown.as_json()))
        return
    lines = shown.rows()
    for moment, text in lines[:rows]:
        click.echo(f"{shown.local(moment)}  {text}")
    if len(lines) > rows:
        click.echo(f"... and {len(lines) - rows} lines more: --rows shows them")
    click.echo(shown.verdict())
    if shown.refusal is not None:
        click.echo(f"It cannot be saved: {shown.refusal}")


@contextmanager
def _desk(installation: Installation, issuer_name: str | None) -> Iterator[_Desk]:
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            issuer = register.issuer_named(connection, issuer_name)
        yield _Desk(bootstrap.book(installation, database), database, issuer, SystemClock().now())


def _who(by: str | None) -> str:
    """Whoever says so, or the account behind the command: sudo keeps who called it."""
    if by is not None:
        return by
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        raise VersionRefused("This account has no name: say who you are with --by NAME.") from None


def _horizon(text: str) -> timedelta:
    try:
        length = duration(text)
    except ValueError as error:
        raise ScheduleRefused(f"--horizon: {error}.") from None
    if not timedelta(0) < length <= _LONGEST_HORIZON:
        raise ScheduleRefused(f"--horizon {text} is nothing to look at: give 1s to {_LONGEST_HORIZON.days}d.")
    return length


def _outage(desk: _Desk, text: str) -> Stretch:
    start, sign, length = text.rpartition("/")
    try:
        lasting = duration(length)
    except ValueError:
        sign = ""
    if not sign:
        raise ScheduleRefused(f"--outage {text!r} is none: write START/LENGTH, as 2026-11-24T05:00Z/8h or +2h/30m.")
    begin = desk.moment("--outage", start)
    return Stretch(begin, begin + lasting)


def _until(standing: object) -> datetime:
    until: datetime = standing.next_update  # type: ignore[attr-defined] # a Standing
    return until


def _next_at(timeline: Timeline, last: PublishedCrl | None) -> str | None:
    due = None if last is None else timeline.next_due(last.published_at)
    return None if due is None else iso(due)


def _state(entry: Entry, in_force: Version, now: datetime) -> dict[str, object]:
    return {"state": _state_word(entry, in_force, now)}


def _state_word(entry: Entry, in_force: Version, now: datetime) -> str:
    if entry.withdrawn_at is not None:
        return "withdrawn"
    if entry.is_open:
        return "proposed"
    if entry.number == in_force.number:
        return "in force"
    return "planned" if entry.effective_from is not None and entry.effective_from > now else "past"


def _entry_line(entry: Entry, in_force: Version, now: datetime) -> str:
    begins = "as soon as approved" if entry.effective_from is None else f"from {iso(entry.effective_from)}"
    parts = [f"{entry.number}  {_state_word(entry, in_force, now)}", begins, f"by {entry.proposed_by}"]
    if entry.restores is not None:
        parts.append(f"as version {entry.restores}")
    if entry.is_open:
        parts.append("waits for 'schedule approve'")
    elif entry.approved_by is not None and entry.approved_by != entry.proposed_by:
        parts.append(f"approved by {entry.approved_by}")
    return ", ".join(parts)


def _print_version(entries: tuple[Entry, ...], number: int, *, as_json: bool) -> None:
    for entry in entries:
        if entry.number == number:
            click.echo(json.dumps(entry.as_json()) if as_json else as_toml(entry.schedule), nl=as_json)
            return
    raise VersionRefused(f"There is no version {number}: 'schedule show' lists them.")


def _say(entry: Entry, before: Schedule, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(entry.as_json()))
        return
    changes = "; ".join(f"{name} {old} -> {new}" for name, (old, new) in differences(before, entry.schedule).items())
    if entry.is_open:
        begins = "once approved" if entry.effective_from is None else f"at {iso(entry.effective_from)}"
        click.echo(
            f"Version {entry.number} is proposed by {entry.proposed_by}, to take over {begins}: {changes}. "
            f"Somebody else approves it: pki-revocation schedule approve {entry.number}"
        )
        return
    when = "" if entry.effective_from is None else f" from {iso(entry.effective_from)}"
    click.echo(f"Version {entry.number} counts{when}: {changes}.")
