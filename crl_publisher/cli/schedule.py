"""`schedule`: see it, try changes before they count, hand over from one to the next, approve, take back."""

import json
from datetime import datetime
from pathlib import Path

import click

from crl_publisher import bootstrap
from crl_publisher.published import PublishedCrl, last_published
from crl_publisher.scheduling.document import as_document, as_toml, differences
from crl_publisher.scheduling.entries import ScheduleEntry, read_entries
from crl_publisher.scheduling.errors import VersionRefused
from crl_publisher.scheduling.schedule import Schedule
from crl_publisher.scheduling.timeline import Timeline, Version
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.register.issuers import all_issuers

from .options import issuer_option, json_option
from .schedule_context import by_option, file_option, open_schedule, who
from .schedule_preview import preview


@click.group()
def schedule() -> None:
    """When CRLs are published: show, preview, set, hand over, approve, roll back."""


@schedule.command()
@click.argument("version", required=False, type=click.IntRange(min=1))
@issuer_option
@json_option
@installation_option
def show(installation: Installation, *, version: int | None, issuer_name: str | None, as_json: bool) -> None:
    """The schedule in force, all versions, and for each issuer the CRL that is public and when the next one comes.

    With a VERSION, that one as a TOML document, which `--file` takes.
    """
    with open_schedule(installation, issuer_name) as context:
        holder = bootstrap.lease(installation, context.database).current_holder()
        with context.database.read() as connection:
            entries = read_entries(connection, context.issuer)
            timeline = context.book.timeline(connection, context.issuer)
            issuers = all_issuers(connection)
            last_crls = {issuer.name: last_published(connection, issuer) for issuer in issuers}
            due = {
                issuer.name: _next_at(context.book.timeline(connection, issuer), last_crls[issuer.name])
                for issuer in issuers
            }
    if version is not None:
        _print_version(entries, version, as_json=as_json)
        return
    in_force = timeline.in_force(context.now)
    rules = as_document(in_force.schedule)
    if as_json:
        answer = rules | {
            "issuer": context.issuer.name,
            "version": in_force.number,
            "versions": [_state(entry, in_force, context.now) | entry.as_json() for entry in entries],
            "publisher": holder,
            "issuers": {
                name: None if last is None else {"next_at": due[name]} | last.as_json()
                for name, last in last_crls.items()
            },
        }
        click.echo(json.dumps(answer))
        return
    click.echo(f"{context.issuer.name}, version {in_force.number}, in force since {iso(in_force.effective_from)}:")
    for name, value in rules.items():
        click.echo(f"  {name.replace('_', ' ')}: {value}")
    click.echo("versions:")
    for entry in entries:
        click.echo(f"  {_entry_line(entry, in_force, context.now)}")
    if not entries:
        click.echo("  none yet: the publisher, or the first change, writes the configuration's as version 1")
    click.echo(f"publisher: {holder or 'none is running'}")
    for name, last in last_crls.items():
        if last is None:
            click.echo(f"{name}: none yet")
        else:
            following = f"the next one at {due[name]} at the latest" if due[name] else "and no routine one follows"
            click.echo(f"{name}: CRL {last.number} until {iso(last.next_update)}, {following}")


@schedule.command(name="set")
@click.argument("changes", nargs=-1, metavar="KEY=VALUE...")
@file_option
@by_option
@issuer_option
@json_option
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
    with open_schedule(installation, issuer_name) as context:
        wanted = context.wanted(changes, file)
        before = context.timeline().in_force(context.now).schedule
        entry = context.book.propose(context.issuer, wanted, by=who(by))
    _say(entry, before, as_json=as_json)


@schedule.command()
@click.argument("changes", nargs=-1, metavar="KEY=VALUE...")
@click.option("--at", required=True, help="When it takes over: 2026-11-23T14:03:22Z, 2026-11-23T15:03, +2h.")
@file_option
@by_option
@issuer_option
@json_option
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
    with open_schedule(installation, issuer_name) as context:
        moment = context.moment("--at", at)
        wanted = context.wanted(changes, file, moment)
        before = context.timeline().in_force(moment).schedule
        entry = context.book.propose(context.issuer, wanted, by=who(by), at=moment)
    _say(entry, before, as_json=as_json)


@schedule.command()
@click.argument("version", type=click.IntRange(min=1))
@by_option
@issuer_option
@json_option
@installation_option
def approve(
    installation: Installation, *, version: int, by: str | None, issuer_name: str | None, as_json: bool
) -> None:
    """Approve a VERSION that another operator has proposed: it is checked once more, and counts."""
    with open_schedule(installation, issuer_name) as context:
        before = context.timeline().in_force(context.now).schedule
        entry = context.book.approve(context.issuer, version, by=who(by))
    _say(entry, before, as_json=as_json)


@schedule.command()
@click.argument("version", type=click.IntRange(min=1))
@by_option
@issuer_option
@installation_option
def withdraw(installation: Installation, *, version: int, by: str | None, issuer_name: str | None) -> None:
    """Take back a VERSION that is proposed, or planned and not yet in force."""
    with open_schedule(installation, issuer_name) as context:
        entry = context.book.withdraw(context.issuer, version, by=who(by))
    click.echo(f"Version {entry.number} was withdrawn by {entry.withdrawn_by}: it will not come into force.")


@schedule.command()
@click.option("--to", type=click.IntRange(min=1), help="The version to restore; without it the one before.")
@by_option
@issuer_option
@json_option
@installation_option
def rollback(
    installation: Installation, *, to: int | None, by: str | None, issuer_name: str | None, as_json: bool
) -> None:
    """Restore an older version: a new one that says the same, checked and approved like any other."""
    with open_schedule(installation, issuer_name) as context:
        before = context.timeline().in_force(context.now).schedule
        entry = context.book.roll_back(context.issuer, by=who(by), to=to)
    _say(entry, before, as_json=as_json)


schedule.add_command(preview)


def _next_at(timeline: Timeline, last: PublishedCrl | None) -> str | None:
    due = None if last is None else timeline.next_due(last.published_at)
    return None if due is None else iso(due)


def _state(entry: ScheduleEntry, in_force: Version, now: datetime) -> dict[str, object]:
    return {"state": _state_word(entry, in_force, now)}


def _state_word(entry: ScheduleEntry, in_force: Version, now: datetime) -> str:
    if entry.withdrawn_at is not None:
        return "withdrawn"
    if entry.is_open:
        return "proposed"
    if entry.number == in_force.number:
        return "in force"
    return "planned" if entry.effective_from is not None and entry.effective_from > now else "past"


def _entry_line(entry: ScheduleEntry, in_force: Version, now: datetime) -> str:
    begins = "as soon as approved" if entry.effective_from is None else f"from {iso(entry.effective_from)}"
    parts = [f"{entry.number}  {_state_word(entry, in_force, now)}", begins, f"by {entry.proposed_by}"]
    if entry.restores is not None:
        parts.append(f"as version {entry.restores}")
    if entry.is_open:
        parts.append("waits for 'schedule approve'")
    elif entry.approved_by is not None and entry.approved_by != entry.proposed_by:
        parts.append(f"approved by {entry.approved_by}")
    return ", ".join(parts)


def _print_version(entries: tuple[ScheduleEntry, ...], number: int, *, as_json: bool) -> None:
    for entry in entries:
        if entry.number == number:
            click.echo(json.dumps(entry.as_json()) if as_json else as_toml(entry.schedule), nl=as_json)
            return
    raise VersionRefused(f"There is no version {number}: 'schedule show' lists them.")


def _say(entry: ScheduleEntry, before: Schedule, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(entry.as_json()))
        return
    changes = "; ".join(f"{name} {old} -> {new}" for name, (old, new) in differences(before, entry.schedule).items())
    if entry.is_open:
        begins = "once approved" if entry.effective_from is None else f"at {iso(entry.effective_from)}"
        click.echo(
            f"Version {entry.number} is proposed by {entry.proposed_by}, to take over {begins}: {changes}. "
            f"Another person approves it: pki-revocation schedule approve {entry.number}"
        )
        return
    when = "" if entry.effective_from is None else f" from {iso(entry.effective_from)}"
    click.echo(f"Version {entry.number} counts{when}: {changes}.")
