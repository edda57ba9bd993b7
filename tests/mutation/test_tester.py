"""The mutation tester itself: what no test notices is told, what a test notices is not, and nothing is edited."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.mutants import mutants_of
from tests.mutation.table import ROOT, rooms

PLANTED = '''\
"""A small module."""

from functools import cache

LIMIT = 3


def is_above(number: int, limit: int = LIMIT) -> bool:
    """Whether it is."""
    return number > limit


@cache
def double(number: int) -> int:
    """Twice as much."""
    return 2 * number


class Counter:
    """Counts."""

    def __init__(self) -> None:
        self.count = 0

    def add(self) -> None:
        """One more."""
        self.count += 1
'''
# Runs every line, and asks nothing.
EMPTY = """\
from planted import Counter, double, is_above


def test_nothing():
    is_above(4)
    double(2)
    Counter().add()
"""
REAL = """\
import subprocess
import sys

import pytest
from planted import LIMIT, Counter, double, is_above


@pytest.mark.parametrize(("number", "expected"), [(2, False), (3, False), (4, True)])
def test_above(number, expected):
    assert is_above(number) is expected


def test_double_in_a_process_of_its_own():
    code = "from planted import double; print(double(3))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "6"


def test_remembered():
    double(4)
    double(4)
    assert double.cache_info().hits == 1


def test_double_here_too():
    assert isinstance(double(3), int)


def test_counts():
    counter = Counter()
    assert counter.count == 0
    counter.add()
    counter.add()
    assert counter.count == 2
"""
TABLE = """
[planted]
files = ["planted.py"]
tests = ["test_planted.py"]
"""


class Project:
    """A module, its test, and a table."""

    def __init__(self, folder: Path) -> None:
        """In a folder of its own."""
        self.folder = folder
        (folder / "planted.py").write_text(PLANTED)
        (folder / "table.toml").write_text(TABLE)
        (folder / "equivalent.toml").write_text("")
        self.told = ""

    def run(self, test: str) -> tuple[int, str]:
        """Try all mutants with that test; the exit status, and what was printed."""
        (self.folder / "test_planted.py").write_text(test)
        words = ["--root", "--table", "--equivalent", "--folder"]
        paths = [self.folder / name for name in ("", "table.toml", "equivalent.toml", "results")]
        options = [str(each) for pair in zip(words, paths, strict=True) for each in pair]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(self.folder)])}
        done = subprocess.run(
            [sys.executable, "-m", "tests.mutation", *options],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in {0, 1}, done.stderr
        self.told = done.stderr
        return done.returncode, done.stdout

    def tried(self) -> int:
        """How many mutants were tried so far, in all runs."""
        return len((self.folder / "results" / "planted" / "results.jsonl").read_text().splitlines())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A new one."""
    return Project(tmp_path)


@pytest.mark.long
def test_planted_mutants_live_until_a_test_asks(project: Project) -> None:
    """In functions, constants, decorators and other processes; the file itself stays as it is, whatever is tried."""
    code, said = project.run(EMPTY)
    made = len(mutants_of(project.folder / "planted.py"))
    assert code == 1
    assert "below 95 %: planted.py" in said
    for alive in (
        "is_above: return number > limit -> return number >= limit",
        "double: return 2 * number -> return 3 * number",
        "(module): LIMIT = 3 -> LIMIT = 4",
        "double: @cache ->",
        "Counter.add: self.count += 1 -> pass",
    ):
        assert alive in said
    assert project.tried() == made

    code, said = project.run(REAL)
    assert (code, said.count("alive: ")) == (0, 0), said
    assert "ended early" not in project.told
    assert "100.0 %" in said
    assert (project.folder / "planted.py").read_text() == PLANTED
    # What a test killed is not tried again while nothing has changed: only what lived was, once.
    assert project.tried() == 2 * made


@pytest.mark.long
def test_reviewed_list_excuses_and_goes_stale(project: Project) -> None:
    """A mutant on it counts no more; one that a test kills, or that is gone, is told."""
    entry = '[[equivalent]]\nfile = "planted.py"\nwhere = "{}"\nbefore = "{}"\nafter = "{}"\nreason = "Planted."\n'
    number = ("is_above", "return number > limit", "return number >= limit")
    weak = REAL.replace("(3, False), ", "")
    (project.folder / "equivalent.toml").write_text(entry.format(*number))
    code, said = project.run(weak)
    assert (code, said.count("alive: ")) == (0, 0), said

    gone = ("is_above", "return number > 7", "return number >= 7")
    (project.folder / "equivalent.toml").write_text(entry.format(*number) + entry.format(*gone))
    code, said = project.run(REAL)
    assert code == 1
    assert "no such mutant any more: return number > 7" in said
    assert "test_above[3-False] kills it" in said


def test_nothing_tried_proves_nothing(project: Project) -> None:
    """Tests that do not even start kill no mutant, and the run says so instead of passing."""
    made = len(mutants_of(project.folder / "planted.py"))

    code, said = project.run("import planted_no_more\n")

    assert code == 1
    assert "ended early" in project.told
    assert f"{made} of {made} not tried: planted.py" in said
    assert "100.0 %" not in said


def test_mutants_are_the_same_each_time_and_leave_prose_alone(tmp_path: Path) -> None:
    """Neither annotations, docstrings and sentences are changed, nor what would fail at once."""
    file = tmp_path / "planted.py"
    file.write_text(PLANTED)
    keys = [mutant.key for mutant in mutants_of(file)]

    assert keys == [mutant.key for mutant in mutants_of(file)]
    assert len(keys) == len(set(keys))
    assert not any("Whether" in key or "bool" in key.partition(" -> ")[2] for key in keys if "def " not in key)


def test_table_names_what_is_there() -> None:
    """A file that moved is named, instead of being forgotten."""
    assert {room.name for room in rooms()} >= {"service", "journal", "policy", "fence", "gate", "limits"}
    broken = Path(__file__).with_name("table.toml")
    with pytest.raises(FileNotFoundError, match="it has moved"):
        rooms(broken, ROOT / "docs")
