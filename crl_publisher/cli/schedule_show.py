"""`schedule show`, `diff` and `runs`: what counts, what differs, and whether what was planned came."""

import json
from datetime import datetime, timedelta

import click

from crl_publisher import bootstrap
from crl_publisher.published import PublishedCrl, last_published, published_between
from crl_publisher.scheduling.document import as_document, as_toml, differences
from crl_publisher.scheduling.entries import ScheduleEntry, entry_numbered, read_entries
from crl_publisher.scheduling.errors import ScheduleRefused
from crl_publisher.scheduling.planned import before
from crl_publisher.scheduling.punctuality import PastRun, PublishedAt, past_runs
from crl_publisher.scheduling.schedule import Schedule
from crl_publisher.scheduling.timeline import Timeline, Version
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.config.sections import duration
from pki_revocation.register.issuers import all_issuers

from .options import issuer_option, json_option
from .schedule_context import open_schedule

_LONGEST_LOOK_BACK = timedelta(days=3660)
_MINUTE = timedelta(minutes=1)


@click.command()
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
        _print_version(entry_numbered(entries, version), as_json=as_json)
        return
    in_force = timeline.in_force(context.now)
    rules = as_document(in_force.schedule)
    if as_json:
        answer = rules | {
            "issuer": context.issuer.name,
            "version": in_force.number,
            "versions": [
                {
                    "state": _state_word(entry, in_force, context.now),
                    "changes": _changes_json(changes_of(entry, entries, timeline)),
                }
                | entry.as_json()
                for entry in entries
            ],
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
        if _state_word(entry, in_force, context.now) in {"planned", "proposed"}:
            click.echo(f"     changes {changes_text(changes_of(entry, entries, timeline)) or 'nothing'}")
    if not entries:
        click.echo("  none yet: the publisher, or the first change, writes the configuration's as version 1")
    click.echo(f"publisher: {holder or 'none is running'}")
    for name, last in last_crls.items():
        if last is None:
            click.echo(f"{name}: none yet")
        else:
            following = f"the next one at {due[name]} at the latest" if due[name] else "and no routine one follows"
            click.echo(f"{name}: CRL {last.number} until {iso(last.next_update)}, {following}")


@click.command()
@click.argument("first", metavar="A", type=click.IntRange(min=1))
@click.argument("second", metavar="B", type=click.IntRange(min=1))
@issuer_option
@json_option
@installation_option
def diff(installation: Installation, *, first: int, second: int, issuer_name: str | None, as_json: bool) -> None:
    """What version B says otherwise than version A."""
    with open_schedule(installation, issuer_name) as context, context.database.read() as connection:
        entries = read_entries(connection, context.issuer)
    found = differences(entry_numbered(entries, first).schedule, entry_numbered(entries, second).schedule)
    if as_json:
        click.echo(json.dumps(_changes_json(found)))
        return
    for name, (old, new) in found.items():
        click.echo(f"{name.replace('_', ' ')}: {old} -> {new}")
    if not found:
        click.echo(f"Version {second} says the same as version {first}.")


@click.command()
@click.option("--since", default="24h", show_default=True, help="How far back: 24h, 30d, 400d.")
@click.option("--late", "late_only", is_flag=True, help="Only runs that were missed, or a minute late or more.")
@click.option(
    "--rows", type=click.IntRange(min=0), default=40, show_default=True, help="Runs to show at most, the last."
)
@issuer_option
@json_option
@installation_option
def runs(
    installation: Installation, *, since: str, late_only: bool, rows: int, issuer_name: str | None, as_json: bool
) -> None:
    """The routine runs that were planned, when their CRLs were public, how late that was, and which were missed.

    The first complete CRL from a run's time on keeps it, whatever it was published for.
    """
    length = _look_back(since)
    with open_schedule(installation, issuer_name) as context:
        begin = context.now - length
        with context.database.read() as connection:
            timeline = context.book.timeline(connection, context.issuer)
            published = published_between(connection, context.issuer, begin, context.now)
    crls = [PublishedAt(each.number, each.published_at) for each in published]
    found = list(past_runs(timeline, crls, begin, context.now))
    missed = sum(each.is_missed for each in found)
    late = [each for each in found if each.late is not None and each.late >= _MINUTE]
    shown = [each for each in found if each.is_missed or each in late] if late_only else found
    if as_json:
        answer = {"issuer": context.issuer.name, "planned": len(found), "missed": missed, "late": len(late)}
        click.echo(json.dumps(answer | {"runs": [each.as_json() for each in shown]}))
        return
    for each in shown[max(0, len(shown) - rows) :]:
        click.echo(_run_line(each))
    if len(shown) > rows:
        click.echo(f"... and {len(shown) - rows} earlier ones: --rows shows them")
    click.echo(
        f"{len(found)} runs were planned since {iso(begin)}: {missed} missed, {len(late)} a minute late or more."
    )


def changes_of(
    entry: ScheduleEntry, entries: tuple[ScheduleEntry, ...], timeline: Timeline
) -> dict[str, tuple[str, str]]:
    """What a version changes of the one that it takes over from, or would: each value before and after."""
    if entry.effective_from is not None and entry.counts:
        version = entry.version()
        previous: Schedule = before(timeline, version).schedule
        return differences(previous, entry.schedule)
    if entry.is_open and entry.effective_from is not None:
        return differences(timeline.in_force(entry.effective_from).schedule, entry.schedule)
    based_on = next((each for each in entries if each.number == entry.based_on), None)
    return {} if based_on is None else differences(based_on.schedule, entry.schedule)


def changes_text(changes: dict[str, tuple[str, str]]) -> str:
    """Changes on one line."""
    return "; ".join(f"{name} {old} -> {new}" for name, (old, new) in changes.items())


def _changes_json(changes: dict[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    return {name: {"before": old, "after": new} for name, (old, new) in changes.items()}


def _run_line(run: PastRun) -> str:
    if run.kept_by is None:
        return f"{iso(run.planned)}  {'MISSED' if run.is_missed else 'not yet'}"
    late = (run.late or timedelta(0)) / _MINUTE
    return f"{iso(run.planned)}  CRL {run.kept_by.number} at {iso(run.kept_by.at)}, {late:.1f} minutes late"


def _look_back(text: str) -> timedelta:
    try:
        length = duration(text)
    except ValueError as error:
        raise ScheduleRefused(f"--since: {error}.") from None
    if not timedelta(0) < length <= _LONGEST_LOOK_BACK:
        raise ScheduleRefused(f"--since {text} is nothing to look at: give 1s to {_LONGEST_LOOK_BACK.days}d.")
    return length


def _next_at(timeline: Timeline, last: PublishedCrl | None) -> str | None:
    due = None if last is None else timeline.next_due(last.published_at)
    return None if due is None else iso(due)


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
    if entry.rebases is not None:
        parts.append(f"version {entry.rebases} made anew")
    if entry.is_open:
        parts.append("waits for 'schedule approve'")
    elif entry.approved_by is not None and entry.approved_by != entry.proposed_by:
        parts.append(f"approved by {entry.approved_by}")
    parts += [f"({reason})" for reason in (entry.reason, entry.approved_reason, entry.withdrawn_reason) if reason]
    return ", ".join(parts)


def _print_version(entry: ScheduleEntry, *, as_json: bool) -> None:
    click.echo(json.dumps(entry.as_json()) if as_json else as_toml(entry.schedule), nl=as_json)
