"""The supervisor: real processes, restarted when they end, and none left behind."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from pki_revocation.runtime.supervisor import ServiceFailed, Supervisor
from tests.waiting import wait_until


@pytest.fixture
def pids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the program, which needs ports: it notes its process, starts a child, and sleeps."""
    package = tmp_path / "pki_revocation"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(
        "import os, subprocess, sys, time\n"
        "if sys.argv[1] == 'fail': sys.exit(3)\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(tmp_path)!r} + '/' + sys.argv[1], 'a').write(f'{{os.getpid()}} {{child.pid}}\\n')\n"
        "time.sleep(600)\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _noted(folder: Path, name: str) -> list[list[int]]:
    path = folder / name
    return [[int(pid) for pid in line.split()] for line in path.read_text().splitlines()] if path.exists() else []


def test_ends_everything_that_it_started(pids: Path) -> None:
    """Children and their children: the whole group is gone after stop."""
    supervisor = Supervisor([("a", ["a"]), ("b", ["b"])])
    supervisor.start()
    wait_until(lambda: _noted(pids, "a") and _noted(pids, "b"))
    processes = [*_noted(pids, "a")[0], *_noted(pids, "b")[0]]
    groups = {os.getpgid(pid) for pid in processes}
    supervisor.stop()

    assert len(groups) == 1
    assert os.getpgid(0) not in groups
    wait_until(lambda: not any(_runs(pid) for pid in processes))


def test_starts_again_what_was_killed(pids: Path) -> None:
    """A service that dies comes back, in the same group's care."""
    supervisor = Supervisor([("a", ["a"])])
    supervisor.start()
    try:
        wait_until(lambda: _noted(pids, "a"))
        os.kill(_noted(pids, "a")[0][0], signal.SIGKILL)
        wait_until(lambda: not _runs(_noted(pids, "a")[0][0]))
        supervisor.check()
        wait_until(lambda: len(_noted(pids, "a")) == 2)
    finally:
        supervisor.stop()


def test_gives_up_on_what_never_stays_up(pids: Path) -> None:
    """A service that ends at once, again and again, is an error that names it."""
    supervisor = Supervisor([("fail", ["fail"])])
    supervisor.start()

    with pytest.raises(ServiceFailed, match="fail does not stay up"):
        supervisor.run()


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
