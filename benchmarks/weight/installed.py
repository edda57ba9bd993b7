"""What the program and the packages that it needs take on disk, without any extra and with each of them.

Read from the lists of installed files (RECORD), for this platform and Python; the interpreter itself is not counted.
"""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row

INSTALLED = Row(name="installed", title="installed, without extras", unit="MB", must=90, aim=80)
_NAME = "pki-revocation"


def measure(_campaign: Campaign) -> list[Cell]:
    """The sum for the wheel alone, and what each extra adds to it."""
    core = closure(_NAME, frozenset())
    core_size = _megabytes(core)
    cells: list[Cell] = [Figure(row=INSTALLED, who=_NAME, value=core_size, beside={"packages": len(core)})]
    for extra in sorted(distribution(_NAME).metadata.get_all("Provides-Extra") or ()):
        whole = closure(_NAME, frozenset({extra}))
        beside: dict[str, float | int | str] = {"packages": len(whole), "more MB": _megabytes(whole) - core_size}
        cells.append(Figure(row=INSTALLED, who=f"{_NAME}[{extra}]", value=_megabytes(whole), beside=beside))
    return cells


def closure(name: str, extras: frozenset[str]) -> frozenset[str]:
    """The names of a package and of all that it needs here, as a package index spells them."""
    found: dict[str, frozenset[str]] = {}
    waiting = [(name, extras)]
    while waiting:
        name, extras = waiting.pop()
        name = re.sub(r"[-_.]+", "-", name).lower()
        if extras <= found.get(name, frozenset()) and name in found:
            continue
        found[name] = found.get(name, frozenset()) | extras
        waiting += _needed(distribution(name), found[name])
    return frozenset(found)


def _needed(package: Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for text in package.requires or ():
        needs = Requirement(text)
        if needs.marker is None or any(needs.marker.evaluate({"extra": extra}) for extra in extras or {""}):
            yield needs.name, frozenset(needs.extras)


def _megabytes(names: frozenset[str]) -> float:
    return sum(_octets(distribution(name)) for name in names) / 1e6


def files_of(package: Distribution) -> Iterator[Path]:
    """The files that were installed of a package."""
    for file in package.files or ():
        path = Path(str(package.locate_file(file))).resolve()
        if path.is_file():
            yield path


def _octets(package: Distribution) -> int:
    return sum(path.stat().st_size for path in files_of(package))


if __name__ == "__main__":
    command({"installed": measure}, "weight figures")()
