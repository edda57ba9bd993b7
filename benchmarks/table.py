"""Figures for people, as a Markdown table, and for programs, as JSON."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pki_revocation.clock import iso
from pki_revocation.host.machine import Machine

from .figures import Cell, Figure


def markdown(cells: Iterable[Cell], machine: Machine, measured_at: datetime) -> str:
    """A heading line and one line for each cell, rows together."""
    lines = [
        f"Measured {iso(measured_at)} on {machine}.",
        "",
        "| figure | who | value | must | aim | beside |",
        "|---|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(_columns(cell))} |" for cell in cells]
    return "\n".join(lines) + "\n"


def as_json(cells: Iterable[Cell], machine: Machine, measured_at: datetime) -> str:
    """The cells with all rounds, as JSON."""
    found = {
        "measured_at": iso(measured_at),
        "machine": machine.as_dict(),
        "figures": [
            {"row": cell.row.name, "who": cell.who}
            | (
                {"value": cell.value, "unit": cell.row.unit, "rounds": cell.rounds, "beside": cell.beside}
                if isinstance(cell, Figure)
                else {"not_measured": cell.why}
            )
            for cell in cells
        ],
    }
    return json.dumps(found, indent=2) + "\n"


def replace_between(page: Path, marker: str, content: str) -> None:
    """Put *content* between the two comments of a page that name the marker.

    Raises:
        ValueError: when the page has no such place.
    """
    text = page.read_text()
    begin, end = f"<!-- {marker} -->\n", f"<!-- end {marker} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{page} has no place between {begin.strip()} and {end}")
    page.write_text(f"{before}{begin}\n{content}\n{end}{after}")


def _columns(cell: Cell) -> list[str]:
    row = cell.row
    if not isinstance(cell, Figure):
        return [row.title, cell.who, f"not measured: {cell.why}", "", "", ""]
    bound = "≥" if row.least else "≤"
    ours = cell.who == "pki-revocation"
    return [
        row.title,
        cell.who,
        f"{_number(cell.value)} {row.unit}".strip() + (f" ({row.verdict(cell.value)})" if ours else ""),
        f"{bound} {row.must:g}" if ours else "",
        f"{bound} {row.aim:g}" if ours else "",
        ", ".join(f"{name} {_number(value)}" for name, value in cell.beside.items()),
    ]


def _number(value: float | str) -> str:
    """Three digits that count, and no exponent."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
