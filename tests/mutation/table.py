"""The rooms whose lines must be proven, and the mutants that are known to change nothing."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("table.toml")
EQUIVALENT = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """*files* are mutated, *tests* are files or folders that must notice; *without* are functions that are not asked.

    With *both_databases*, what a test does on PostgreSQL is asked too where it does the same on SQLite.
    """

    name: str
    files: tuple[Path, ...]
    tests: tuple[Path, ...]
    without: frozenset[str] = frozenset()
    both_databases: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalent:
    """A mutant that nobody can tell from the original, and why."""

    file: str
    where: str
    before: str
    after: str
    reason: str
    ordinal: int = 0


def rooms(table: Path = TABLE, root: Path = ROOT) -> list[Room]:
    """The table.

    Raises:
        FileNotFoundError: naming what has moved; then the table must follow.
    """
    found = []
    for name, entry in tomllib.loads(table.read_text()).items():
        files, tests = _expanded(root, entry["files"]), _expanded(root, entry["tests"])
        found.append(
            Room(
                name=name,
                files=files,
                tests=tests,
                without=frozenset(entry.get("without", ())),
                both_databases=entry.get("both_databases", False),
            )
        )
    return found


def equivalents(path: Path = EQUIVALENT) -> list[Equivalent]:
    """The reviewed list."""
    if not path.exists():
        return []
    return [Equivalent(**entry) for entry in tomllib.loads(path.read_text()).get("equivalent", [])]


def _expanded(root: Path, patterns: Sequence[str]) -> tuple[Path, ...]:
    found: list[Path] = []
    for pattern in patterns:
        matches = sorted(root.glob(pattern))
        if not matches:
            raise FileNotFoundError(f"{TABLE.name} names {pattern}, which is not there: it has moved")
        found += [each for each in matches if each.name != "__init__.py"]
    return tuple(found)
