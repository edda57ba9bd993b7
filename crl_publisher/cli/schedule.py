"""`schedule`: try changes before they count, hand over from one to the next, approve, take back."""

import json
from pathlib import Path

import click

from crl_publisher.scheduling.document import differences
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation

from .options import issuer_option, json_option
from .schedule_context import (
    ScheduleChange,
    by_option,
    file_option,
    open_schedule,
    planned_option,
    reason_option,
    said,
    weaker_option,
    who,
)
from .schedule_preview import preview
from .schedule_show import changes_of, changes_text, diff, runs, show


@click.group()
def schedule() -> None:
    """When CRLs are published: show, preview, set, hand over, approve, roll back."""


@schedule.command(name="set")
@click.argument("changes", nargs=-1, metavar="KEY=VALUE...")
@file_option
@by_option
@reason_option
@weaker_option
@planned_option
@issuer_option
@json_option
@installation_option
def set_now(  # noqa: PLR0913 - one argument for each option
    installation: Installation,
    *,
    changes: tuple[str, ...],
    file: Path | None,
    by: str | None,
    reason: str | None,
    weaker: bool,
    planned: str | None,
    issuer_name: str | None,
    as_json: bool,
) -> None:
    """Change the schedule now: a running publisher takes it up at its next look.

    Nothing is saved that breaks a bound, or would leave any instant without a valid CRL; nor what a planned version
    would undo, unless --planned says what becomes of that.
    """
    meant = said(reason, weaker=weaker, planned=planned)
    with open_schedule(installation, issuer_name) as context:
        wanted = context.wanted(changes, file)
        change = context.changed(
            context.now, lambda: context.book.propose(context.issuer, wanted, by=who(by), said=meant)
        )
    _say(change, as_json=as_json)


@schedule.command()
@click.argument("changes", nargs=-1, metavar="KEY=VALUE...")
@click.option("--at", required=True, help="When it takes over: 2026-11-23T14:03:22Z, 2026-11-23T15:03, +2h.")
@file_option
@by_option
@reason_option
@weaker_option
@planned_option
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
    reason: str | None,
    weaker: bool,
    planned: str | None,
    issuer_name: str | None,
    as_json: bool,
) -> None:
    """Hand over to another schedule at a time: its first CRL comes before the old one's last expires.

    NextUpdate never goes backwards over it; a handover that would leave a gap is refused, and the instant named.
    """
    meant = said(reason, weaker=weaker, planned=planned)
    with open_schedule(installation, issuer_name) as context:
        moment = context.moment("--at", at)
        wanted = context.wanted(changes, file, moment)
        change = context.changed(
            moment, lambda: context.book.propose(context.issuer, wanted, by=who(by), at=moment, said=meant)
        )
    _say(change, as_json=as_json)


@schedule.command()
@click.argument("version", type=click.IntRange(min=1))
@click.option("--as-proposed", is_flag=True, help="Although it would undo what came to count since it was proposed.")
@by_option
@reason_option
@planned_option
@issuer_option
@json_option
@installation_option
def approve(  # noqa: PLR0913 - one argument for each option
    installation: Installation,
    *,
    version: int,
    as_proposed: bool,
    by: str | None,
    reason: str | None,
    planned: str | None,
    issuer_name: str | None,
    as_json: bool,
) -> None:
    """Approve a VERSION that another operator has proposed: it is checked once more, and counts."""
    meant = said(reason, planned=planned)
    with open_schedule(installation, issuer_name) as context:
        change = context.changed(
            context.now,
            lambda: context.book.approve(context.issuer, version, by=who(by), said=meant, as_proposed=as_proposed),
        )
    _say(change, as_json=as_json)


@schedule.command()
@click.argument("version", type=click.IntRange(min=1))
@by_option
@reason_option
@planned_option
@issuer_option
@json_option
@installation_option
def withdraw(  # noqa: PLR0913 - one argument for each option
    installation: Installation,
    *,
    version: int,
    by: str | None,
    reason: str | None,
    planned: str | None,
    issuer_name: str | None,
    as_json: bool,
) -> None:
    """Take back a VERSION that is proposed, or planned and not yet in force."""
    meant = said(reason, planned=planned)
    with open_schedule(installation, issuer_name) as context:
        change = context.changed(
            context.now, lambda: context.book.withdraw(context.issuer, version, by=who(by), said=meant)
        )
    entry = change.entry
    if as_json:
        click.echo(json.dumps(change.as_json()))
        return
    click.echo(f"Version {entry.number} was withdrawn by {entry.withdrawn_by}: it will not come into force.")
    _say_planned(change)


@schedule.command()
@click.option("--to", type=click.IntRange(min=1), help="The version to restore; without it the one before.")
@by_option
@reason_option
@weaker_option
@planned_option
@issuer_option
@json_option
@installation_option
def rollback(  # noqa: PLR0913 - one argument for each option
    installation: Installation,
    *,
    to: int | None,
    by: str | None,
    reason: str | None,
    weaker: bool,
    planned: str | None,
    issuer_name: str | None,
    as_json: bool,
) -> None:
    """Restore an older version: a new one that says the same, checked and approved like any other."""
    meant = said(reason, weaker=weaker, planned=planned)
    with open_schedule(installation, issuer_name) as context:
        change = context.changed(
            context.now, lambda: context.book.roll_back(context.issuer, by=who(by), to=to, said=meant)
        )
    _say(change, as_json=as_json)


for _command in (show, diff, runs, preview):
    schedule.add_command(_command)


def _say(change: ScheduleChange, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(change.as_json()))
        return
    entry, changes = change.entry, changes_text(differences(change.before, change.entry.schedule))
    if entry.is_open:
        begins = "once approved" if entry.effective_from is None else f"at {iso(entry.effective_from)}"
        click.echo(
            f"Version {entry.number} is proposed by {entry.proposed_by}, to take over {begins}: {changes}. "
            f"Another person approves it: pki-revocation schedule approve {entry.number}"
        )
    else:
        when = "" if entry.effective_from is None else f" from {iso(entry.effective_from)}"
        click.echo(f"Version {entry.number} counts{when}: {changes}.")
    _say_planned(change)


def _say_planned(change: ScheduleChange) -> None:
    """What became of planned versions, and which ones still take over."""
    for each in change.withdrawn:
        click.echo(f"Version {each.number}, which was planned, was withdrawn.")
    for each in change.planned:
        made = "" if each.rebases is None else f", version {each.rebases} made anew,"
        begins = "" if each.effective_from is None else f" takes over at {iso(each.effective_from)}"
        text = changes_text(changes_of(each, change.entries, change.timeline))
        click.echo(f"Version {each.number}{made}{begins}: {text or 'nothing changes then'}.")
