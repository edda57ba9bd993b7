"""Which lines of the files in question each test runs, and how long it takes."""

import hashlib
import json
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.mutation.mutants import Mutant


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One test, unmutated.

    *lines* are those that it ran, by file; *spawns* says that it started processes, whose lines nobody noted.
    """

    test: str
    seconds: float
    passed: bool
    spawns: bool
    lines: dict[str, frozenset[int]]

    def packed(self) -> str:
        """As JSON."""
        lines = {file: sorted(numbers) for file, numbers in self.lines.items()}
        return json.dumps([self.test, round(self.seconds, 3), self.passed, self.spawns, lines])

    @classmethod
    def unpacked(cls, text: str) -> "Run":
        """From what `packed` gave."""
        test, seconds, passed, spawns, lines = json.loads(text)
        kept = {file: frozenset(numbers) for file, numbers in lines.items()}
        return cls(test=test, seconds=seconds, passed=passed, spawns=spawns, lines=kept)


class Tracer:
    """Notes lines of some files, in this thread and in those that start meanwhile."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._lines: dict[str, set[int]] = {str(file): set() for file in files}
        self.spawned = False
        sys.addaudithook(self._audit)

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """Note what runs inside."""
        for lines in self._lines.values():
            lines.clear()
        self.spawned = False
        threading.settrace(self._enter)
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(None)
            threading.settrace(None)

    def lines(self) -> dict[str, frozenset[int]]:
        """What was noted last."""
        return {file: frozenset(lines) for file, lines in self._lines.items() if lines}

    def _audit(self, event: str, _arguments: tuple[object, ...]) -> None:
        if event in {"subprocess.Popen", "os.fork", "os.posix_spawn"}:
            self.spawned = True

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Any:  # noqa: ANN401 - as sys.settrace has it
        lines = self._lines.get(frame.f_code.co_filename)
        if lines is None:
            return None
        lines.add(frame.f_lineno)

        def step(frame: FrameType, _event: str, _argument: Any) -> Any:  # noqa: ANN401 - as sys.settrace has it
            lines.add(frame.f_lineno)
            return step

        return step


class Memory:
    """What tests ran the last time; it stands while their own file and those in question are as they were."""

    def __init__(self, path: Path, files: Sequence[Path]) -> None:
        self._path = path
        self._files = digest_of(files)
        self._kept: dict[str, list[str]] = json.loads(path.read_text()) if path.exists() else {}

    def known(self, items: Iterable[pytest.Item]) -> dict[str, Run]:
        """The runs that stand, by test; what failed is tried again."""
        found = {}
        for item in items:
            digest, packed = self._kept.get(item.nodeid, ("", ""))
            if digest == self._digest(item) and (run := Run.unpacked(packed)).passed:
                found[item.nodeid] = run
        return found

    def keep(self, runs: Iterable[Run], items: Iterable[pytest.Item]) -> None:
        """For the next time."""
        digests = {item.nodeid: self._digest(item) for item in items}
        self._path.write_text(json.dumps({run.test: [digests[run.test], run.packed()] for run in runs}))

    def _digest(self, item: pytest.Item) -> str:
        return f"{self._files} {digest_of([item.path])}"


def digest_of(paths: Iterable[Path]) -> str:
    """Of the octets of some files."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def tests_for(mutant: Mutant, runs: Iterable[Run], *, both_databases: bool) -> list[Run]:
    """The tests that run a mutant's lines, quickest first, and then those whose own processes may.

    For a line that runs at import, all that use its file. Without *both_databases*, what a test does on PostgreSQL is
    left out where it does the same on SQLite.
    """
    file = str(mutant.path)
    passed = [run for run in runs if run.passed]
    touching = {run.test for run in passed if not run.lines.get(file, frozenset()).isdisjoint(mutant.lines)}
    # A class body, a constant or a decorator runs before any test does.
    using = touching if mutant.function is not None else {run.test for run in passed if file in run.lines}
    chosen = [run for run in passed if run.test in using or run.spawns]
    if not both_databases:
        names = {run.test for run in chosen}
        chosen = [run for run in chosen if _twin(run.test) not in names]
    return sorted(chosen, key=lambda run: (run.test not in touching, run.test not in using, run.seconds))


def _twin(test: str) -> str | None:
    return test.replace("postgresql", "sqlite") if "postgresql" in test.partition("[")[2] else None
