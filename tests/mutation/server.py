"""Tries the mutants of one room of the table: the pytest plugin that takes the place of the run of tests."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutation.covering import Memory, Run, Tracer, tests_for
from tests.mutation.forking import TIMEOUT_SECONDS, Children, Verdict
from tests.mutation.hook.sitecustomize import VARIABLE
from tests.mutation.mutants import Mutant
from tests.mutation.table import Room

# -s because a child's output goes to a file of its own; fixed seeds, so that a mutant has the same fate each time.
OPTIONS = ["-o", "addopts=", "--import-mode=importlib", "-p", "no:randomly", "-p", "no:cacheprovider", "-s", "-q"]
SERVER_ADDRESS = "MUTANT_POSTGRESQL"
FAILED_TEST = "MUTANT_FAILED_TEST"
_HOOK = Path(__file__).parent / "hook"
Choose = Callable[[Sequence[Run]], Sequence[Mutant]]
Record = Callable[[Mutant, Verdict, int], None]


class ForkServer:
    """Collects once, measures once, and tries one mutant after the other."""

    def __init__(self, room: Room, folder: Path, choose: Choose, record: Record) -> None:
        """Of *room*; *choose* gives the mutants to try when the tests are known, *record* takes what became of each."""
        self._room = room
        self._folder = folder
        self._choose = choose
        self._record = record
        self._address = ""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        """Examples are the same each time, and none is kept for the next mutant."""
        # Not above: pytest has its own way with plugins that are imported before it begins.
        from hypothesis import settings  # noqa: PLC0415

        settings.register_profile("mutants", parent=settings(), derandomize=True, database=None)
        settings.load_profile("mutants")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        """Note where PostgreSQL listens."""
        made = yield
        if fixturedef.argname == "postgresql":
            self._address = str(getattr(made, "get_uri")())  # noqa: B009 - any server's
        return made

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of pytest's own."""
        if session.testsfailed:
            raise session.Interrupted(f"{session.testsfailed} errors when tests were collected")
        session.items = [item for item in session.items if item.name.partition("[")[0] not in self._room.without]
        for item in session.items:
            # The search for codes in all that a test leaves is half of its time, and no mutant is about that.
            item.add_marker("leaks_on_purpose")
        children = Children(session.items, self._folder)
        self._start_postgresql(session, children)
        runs = self._measured(session, children)
        seconds = {run.test: run.seconds for run in runs}
        for mutant in self._choose(runs):
            tests = [run.test for run in tests_for(mutant, runs, both_databases=self._room.both_databases)]
            if not tests:
                verdict = Verdict(killed_by=None)
            elif mutant.function is None:
                verdict = self._anew(mutant, tests, seconds)
            else:
                verdict = children.run(tests, seconds, self._swapping(mutant), log="mutant.log")
            self._record(mutant, verdict, len(tests))
        return True

    def _start_postgresql(self, session: pytest.Session, children: Children) -> None:
        """Once, in this process: a test that needs it makes its fixture, which children then find made."""
        for item in session.items:
            if "postgresql" in getattr(item, "fixturenames", ()) or "postgresql" in item.nodeid.partition("[")[2]:
                children.run_item(item, None)
                return

    def _measured(self, session: pytest.Session, children: Children) -> list[Run]:
        """Every test once, unmutated; those of files that are as they were are known from the last time."""
        tracer = Tracer(self._room.files)
        memory = Memory(self._folder / "runs.json", self._room.files)
        known = memory.known(session.items)

        def measured(item: pytest.Item, following: pytest.Item | None) -> str:
            begun = os.times().elapsed
            with tracer.tracing():
                passed = children.run_item(item, following)
            seconds = os.times().elapsed - begun
            return Run(
                test=item.nodeid, seconds=seconds, passed=passed, spawns=tracer.spawned, lines=tracer.lines()
            ).packed()

        unknown = [item for item in session.items if item.nodeid not in known]
        fresh = list(map(Run.unpacked, children.measure(unknown, measured, "unchanged.log")))
        runs = [*known.values(), *fresh]
        memory.keep(runs, session.items)
        return runs

    def _swapping(self, mutant: Mutant) -> Callable[[], None]:
        def prepare() -> None:
            # Imported here, because hook and tests have another path to it; it swaps what tests have imported.
            from tests.mutation.swapping import swap  # noqa: PLC0415 - in the child alone

            swap(_module_of(mutant.path), mutant.function or "", mutant.edit.applied(mutant.path.read_bytes()))
            os.environ.update(self._environment(mutant))

        return prepare

    def _environment(self, mutant: Mutant) -> dict[str, str]:
        """For processes that begin with the change: a child of a test, or a pytest of its own."""
        change = self._folder / "change.json"
        edit = mutant.edit
        change.write_text(
            json.dumps({"path": str(mutant.path), "start": edit.start, "end": edit.end, "text": edit.text})
        )
        path = os.pathsep.join([str(_HOOK), *filter(None, [os.environ.get("PYTHONPATH")])])
        return {VARIABLE: str(change), "PYTHONPATH": path}

    def _anew(self, mutant: Mutant, tests: list[str], seconds: dict[str, float]) -> Verdict:
        """In a pytest of its own, for what is decided when a module is imported."""
        chosen, failed = self._folder / "tests.txt", self._folder / "failed.txt"
        chosen.write_text("\n".join(tests))
        failed.write_text("")
        command = [sys.executable, "-m", "pytest", *OPTIONS, "-x", "-p", "tests.mutation.anew", f"@{chosen}"]
        environment = {**os.environ, **self._environment(mutant), FAILED_TEST: str(failed)}
        environment[SERVER_ADDRESS] = self._address
        allowed = 3 * TIMEOUT_SECONDS + 4 * sum(seconds[test] for test in tests)
        with (self._folder / "mutant.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
            try:
                code = process.wait(allowed)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()
                return Verdict(killed_by="timeout")
        return Verdict(killed_by=None if code == 0 else failed.read_text() or "import")


def _module_of(path: Path) -> ModuleType:
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == str(path):
            return module
    raise LookupError(f"no test imports {path}")
