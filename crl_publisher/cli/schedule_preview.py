"""`schedule preview`: a schedule played before it counts."""

import json
from datetime import timedelta
from pathlib import Path

import click

from crl_publisher.scheduling.drawing import draw
from crl_publisher.scheduling.errors import ScheduleRefused
from crl_publisher.scheduling.preview import preview as simulated
from crl_publisher.scheduling.simulation import TimeSpan
from crl_publisher.scheduling.timeline import Version
from pki_revocation.cli.options import installation_option
from pki_revocation.config.installation import Installation
from pki_revocation.config.sections import duration
from pki_revocation.errors import PkiError

from .options import issuer_option, json_option
from .schedule_context import ScheduleContext, file_option, open_schedule

_LONGEST_HORIZON = timedelta(days=3660)


@click.command()
@click.argument("changes", nargs=-1, metavar="[KEY=VALUE]...")
@file_option
@click.option("--at", help="When the changes take over; at the beginning without it.")
@click.option("--from", "start", default="now", show_default=True, help="Where the simulation begins.")
@click.option("--horizon", default="30d", show_default=True, help="How far it goes: 12h, 30d, 400d.")
@click.option("--outage", "outages", multiple=True, metavar="START/LENGTH", help="No publisher: 2026-11-24T05:00Z/8h.")
@click.option("--misfire", "misfires", multiple=True, metavar="TIME", help="The first run from then on fails to come.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw it into this file too.")
@click.option("--rows", type=click.IntRange(min=0), default=40, show_default=True, help="Lines of the table at most.")
@issuer_option
@json_option
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
    with open_schedule(installation, issuer_name) as context:
        begin = context.moment("--from", start)
        end = begin + _horizon(horizon)
        timeline = context.timeline_from(begin)
        if changes or file is not None:
            moment = begin if at is None else context.moment("--at", at)
            wanted = context.wanted(changes, file, moment)
            number = max(version.number for version in timeline.versions) + 1
            timeline = timeline.with_version(Version(number=number, effective_from=moment, schedule=wanted))
        elif at is not None:
            raise ScheduleRefused("--at says when changes take over: give some as KEY=VALUE, or --file.")
        with context.database.read() as connection:
            public_validity = context.book.public_validity(connection, context.issuer)
        shown = simulated(
            timeline,
            last_public=min(
                (each for each in public_validity if each.published_at <= begin),
                key=lambda each: each.next_update,
                default=None,
            ),
            start=begin,
            end=end,
            outages=tuple(_outage(context, text) for text in outages),
            misfires=tuple(context.moment("--misfire", text) for text in misfires),
        )
    if svg is not None:
        try:
            # In its place: /dev/stdout or a pipe will do for a drawing, and another one is made at any time.
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


def _horizon(text: str) -> timedelta:
    try:
        length = duration(text)
    except ValueError as error:
        raise ScheduleRefused(f"--horizon: {error}.") from None
    if not timedelta(0) < length <= _LONGEST_HORIZON:
        raise ScheduleRefused(f"--horizon {text} is nothing to look at: give 1s to {_LONGEST_HORIZON.days}d.")
    return length


def _outage(context: ScheduleContext, text: str) -> TimeSpan:
    start, sign, length = text.rpartition("/")
    try:
        lasting = duration(length)
    except ValueError:
        sign = ""
    if not sign:
        raise ScheduleRefused(f"--outage {text!r} is none: write START/LENGTH, as 2026-11-24T05:00Z/8h or +2h/30m.")
    begin = context.moment("--outage", start)
    return TimeSpan(begin, begin + lasting)
