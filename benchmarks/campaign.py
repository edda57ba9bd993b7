"""How a program of this folder is run: alone with `python -m benchmarks.ocsp.cached_get`, or all of them in turn."""

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from pki_revocation.clock import SystemClock
from pki_revocation.host.machine import this_machine

from .figures import Cell
from .processes import LOAD_CORE, two_cores
from .table import as_json, markdown, replace_between

Measurement = Callable[["Campaign"], list[Cell]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """How long and how often, and where installations are kept between runs (they hold keys: mode 0700)."""

    folder: Path
    seconds: float
    rounds: int
    peers: bool


def command(measurements: dict[str, Measurement], marker: str) -> click.Command:
    """The command line of one or several measurements."""

    @click.command()
    @click.argument("names", metavar="[ROW]...", nargs=-1, type=click.Choice(list(measurements)))
    @click.option("--seconds", type=click.FloatRange(1, 60), default=3, show_default=True, help="Of each round.")
    @click.option("--rounds", type=click.IntRange(1, 99), default=5, show_default=True, help="The median is taken.")
    @click.option("--peers/--no-peers", default=True, show_default=True, help="Measure others in the same run.")
    @click.option(
        "--folder",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("var/bench"),
        show_default=True,
        help="Where installations are made, and kept for the next run.",
    )
    @click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures here as JSON.")
    @click.option("--docs", type=click.Path(exists=True, path_type=Path), help="Put the table into this page.")
    def bench(  # noqa: PLR0913 - one for each option
        *,
        names: tuple[str, ...],
        seconds: float,
        rounds: int,
        peers: bool,
        folder: Path,
        json_file: Path | None,
        docs: Path | None,
    ) -> None:
        """Measure, and print a Markdown table."""
        two_cores()
        machine = this_machine()
        os.sched_setaffinity(0, {LOAD_CORE})
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        campaign = Campaign(folder=folder.resolve(), seconds=seconds, rounds=rounds, peers=peers)
        cells: list[Cell] = []
        failed: list[str] = []
        for name in names or tuple(measurements):
            print(name, file=sys.stderr, flush=True)
            try:
                cells += measurements[name](campaign)
            except Exception:  # noqa: BLE001 - a row that fails after ten minutes must not take the others' figures with it
                traceback.print_exc()
                failed.append(name)
        now = SystemClock().now()
        table = markdown(cells, machine, now)
        print(table)
        if json_file is not None:
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_text(as_json(cells, machine, now))
        if failed:
            raise click.ClickException(f"Not measured: {', '.join(failed)}; the page is left as it was.")
        if docs is not None:
            replace_between(docs, marker, table)

    return bench
