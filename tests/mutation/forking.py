"""A pytest that has collected its tests, and forks for each mutant: a run costs what its tests cost, and no start.

The parent sets up what lasts a session, PostgreSQL above all; children are killed at the end, so that they take none of
it down. A child that says nothing for longer than its test may take is killed, and the mutant counts as killed too.
"""

import contextlib
import os
import select
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

# What a test may take in a mutant, beyond several times what it took without.
TIMEOUT_SECONDS = 15.0
_TIMES = 5.0
_AGAIN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a mutant: *killed_by* is a test, `timeout` or `crash`, and None while it lives."""

    killed_by: str | None


class Children:
    """Runs chosen tests in forked children, one child at a time."""

    def __init__(self, items: Sequence[pytest.Item], folder: Path) -> None:
        """Of these tests; *folder* gets a log of the last child, and its temporary files while it runs."""
        self._items = {item.nodeid: item for item in items}
        self._folder = folder

    def run(
        self, tests: Sequence[str], seconds: Mapping[str, float], prepare: Callable[[], None], *, log: str
    ) -> Verdict:
        """Run tests in order until one fails, in a child that *prepare* has changed first.

        One that takes too long is tried again with more patience: on a busy machine that alone proves nothing.
        """
        verdict = self._run(tests, seconds, prepare, 1, log)
        return self._run(tests, seconds, prepare, _AGAIN, log) if verdict.killed_by == "timeout" else verdict

    def _run(
        self,
        tests: Sequence[str],
        seconds: Mapping[str, float],
        prepare: Callable[[], None],
        patience: int,
        log: str,
    ) -> Verdict:
        with self._child(lambda tell: self._until_failure(tests, prepare, tell), log) as lines:
            current = None
            while True:
                allowed = patience * (TIMEOUT_SECONDS + _TIMES * seconds.get(current or "", 1.0))
                said = lines.next(allowed)
                if said is None:
                    return Verdict(killed_by="timeout" if lines.is_open else "crash")
                word, _, rest = said.partition(" ")
                if word == "passed":
                    return Verdict(killed_by=None)
                if word == "failed":
                    return Verdict(killed_by=rest)
                current = rest

    def measure(
        self, items: Sequence[pytest.Item], run: Callable[[pytest.Item, pytest.Item | None], str], log: str
    ) -> Iterator[str]:
        """Give what *run* says of each test, all in one child."""

        def each(tell: Callable[[str], None]) -> None:
            for item, following in zip(items, [*items[1:], None], strict=True):
                tell(run(item, following))
            tell("end")

        if not items:
            return
        with self._child(each, log) as lines:
            while (said := lines.next(300.0)) != "end":
                if said is None:
                    raise RuntimeError(f"the tests ended early: see {self._folder / log}")
                yield said

    def run_item(self, item: pytest.Item, following: pytest.Item | None) -> bool:
        """One test with its set-up and its end, leaving what is *following*'s too; whether it passed."""
        reports: list[pytest.TestReport] = []
        watcher = _Watcher(reports)
        item.config.pluginmanager.register(watcher)
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following or _Nothing(item.session))
        finally:
            item.config.pluginmanager.unregister(watcher)
        return bool(reports) and not any(report.failed for report in reports)

    def _until_failure(self, tests: Sequence[str], prepare: Callable[[], None], tell: Callable[[str], None]) -> None:
        prepare()
        for test, following in zip(tests, [*tests[1:], None], strict=True):
            tell(f"begin {test}")
            if not self.run_item(self._items[test], self._items[following] if following else None):
                tell(f"failed {test}")
                return
        tell("passed")

    @contextlib.contextmanager
    def _child(self, work: Callable[[Callable[[str], None]], None], log: str) -> Iterator["_Lines"]:
        scratch = Path(tempfile.mkdtemp(prefix="mutant-"))
        # Some tests run programs under another account.
        scratch.chmod(0o711)
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ours)
            _work(work, theirs, scratch, self._folder / log)
        os.close(theirs)
        try:
            yield _Lines(ours)
        finally:
            for wanted in (pid, -pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(wanted, signal.SIGKILL) if wanted > 0 else os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(ours)
            shutil.rmtree(scratch, ignore_errors=True)


class _Nothing:
    """What follows the last test: no other, and yet the session goes on, so that PostgreSQL's server lives."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session

    def listchain(self) -> list[object]:
        """The collectors whose fixtures are kept: the session alone."""
        return [self._session]


class _Watcher:
    def __init__(self, reports: list[pytest.TestReport]) -> None:
        self._reports = reports

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep it."""
        self._reports.append(report)


class _Lines:
    """The lines that a child writes into a pipe."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._kept = b""
        self.is_open = True

    def next(self, seconds: float) -> str | None:
        """The next line; None when none came in time, or none will come."""
        while b"\n" not in self._kept:
            ready, _, _ = select.select([self._descriptor], [], [], seconds)
            if not ready:
                return None
            octets = os.read(self._descriptor, 1 << 16)
            if not octets:
                self.is_open = False
                return None
            self._kept += octets
        line, _, self._kept = self._kept.partition(b"\n")
        return line.decode()


def _work(work: Callable[[Callable[[str], None]], None], descriptor: int, scratch: Path, log: Path) -> NoReturn:
    """In the child: everything it makes lies in *scratch*, and what it prints in *log*."""
    try:
        os.setsid()
        os.environ["TMPDIR"] = str(scratch)
        tempfile.tempdir = None
        written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(written, 1)
        os.dup2(written, 2)

        def tell(text: str) -> None:
            os.write(descriptor, f"{text}\n".encode())

        work(tell)
    finally:
        # Nothing of the parent's is tidied up by a child.
        os._exit(0)
