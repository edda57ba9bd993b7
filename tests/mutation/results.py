"""What became of each mutant, kept between runs: only what may have changed is tried again.

A kill stands while the mutated file and the test that killed are as they were. A survivor is tried again when any test
of its room has changed.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.mutation.covering import digest_of
from tests.mutation.forking import Verdict
from tests.mutation.mutants import Mutant
from tests.mutation.table import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """*source* and *tests* are digests of what it was found with, *asked* how many tests were."""

    file: str
    key: str
    line: int
    killed_by: str | None
    asked: int
    source: str
    tests: str


class Results:
    """One file of JSON for a room, a line for each result; what was written last counts."""

    def __init__(self, room: Room, folder: Path, root: Path) -> None:
        self._path = folder / "results.jsonl"
        self._root = root
        self._sources = {file: digest_of([file]) for file in room.files}
        self._tests = digest_of(_test_files(room.tests))
        self._kept: dict[tuple[str, str], Result] = {}
        if self._path.exists():
            for line in self._path.read_text().splitlines():
                result = Result(**json.loads(line))
                self._kept[result.file, result.key] = result

    def of(self, mutant: Mutant) -> Result | None:
        """What is known of a mutant and still stands."""
        found = self._kept.get((self._name(mutant.path), mutant.key))
        if found is None or found.source != self._sources[mutant.path]:
            return None
        return found if found.tests == self._tests_of(found.killed_by) else None

    def add(self, mutant: Mutant, verdict: Verdict, asked: int) -> Result:
        """Write down what became of one."""
        result = Result(
            file=self._name(mutant.path),
            key=mutant.key,
            line=mutant.lines.start,
            killed_by=verdict.killed_by,
            asked=asked,
            source=self._sources[mutant.path],
            tests=self._tests_of(verdict.killed_by),
        )
        self._kept[result.file, result.key] = result
        with self._path.open("a") as stream:
            stream.write(json.dumps(asdict(result)) + "\n")
        return result

    def _tests_of(self, killed_by: str | None) -> str:
        test = None if killed_by is None else self._root / killed_by.partition("::")[0]
        return digest_of([test]) if test is not None and test.is_file() else self._tests

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def _test_files(tests: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for each in tests:
        found += sorted(each.rglob("*.py")) if each.is_dir() else [each]
    return found
