"""The supervisor: real processes, started again whenever they end; none ends another, and none is left behind."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from pki_revocation.runtime.service_states import ServiceState, StateFile, supervised_services
from tests.integration.running_demo import environment
from tests.waiting import wait_until

_TOP = Path(__file__).parents[3]
_WAIT_SECONDS = 20


@contextlib.contextmanager
def supervising(folder: Path, *names: str) -> Iterator["subprocess.Popen[str]"]:
    """A supervisor of stand-ins; what it says is in *folder*/log."""
    command = [sys.executable, "-m", "tests.pki_revocation.runtime.supervised", str(folder), *names]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=_TOP, env=environment(), stderr=log, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(_WAIT_SECONDS)


def _lives(folder: Path, name: str) -> list[list[float]]:
    """When each life of a service began, its process, and that process's child."""
    path = folder / name
    return [[float(each) for each in line.split()] for line in path.read_text().splitlines()] if path.exists() else []


def _processes(folder: Path, *names: str) -> list[int]:
    return [int(pid) for name in names for life in _lives(folder, name) for pid in life[1:]]


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_for(folder: Path, *names: str, lives: int = 1) -> None:
    wait_until(
        lambda: all(len(_lives(folder, name)) >= lives and len(_lives(folder, name)[-1]) == 3 for name in names),
        _WAIT_SECONDS,
        f"life {lives} of {names}",
    )


def _states(folder: Path) -> dict[str, ServiceState]:
    return {state.name: state for state in supervised_services(folder)}


def test_ends_everything_that_it_started(tmp_path: Path) -> None:
    """Children and their children: the whole group is gone after the end, and so is the file with their states."""
    with supervising(tmp_path, "a", "b") as process:
        _wait_for(tmp_path, "a", "b")
        processes = _processes(tmp_path, "a", "b")
        groups = {os.getpgid(pid) for pid in processes}
        wait_until(lambda: len(_states(tmp_path)) == 2, _WAIT_SECONDS, "the states")
    assert process.returncode == 0
    assert len(groups) == 1
    assert os.getpgid(0) not in groups
    wait_until(lambda: not any(_runs(pid) for pid in processes), _WAIT_SECONDS, "the end of all")
    assert _states(tmp_path) == {}
    assert not (tmp_path / "services.json").exists()


def test_ctrl_c_reaches_the_supervisor_alone(tmp_path: Path) -> None:
    """It ends the services in order; a signal to the terminal's group is none to theirs."""
    with supervising(tmp_path, "a") as process:
        _wait_for(tmp_path, "a")
        process.send_signal(signal.SIGINT)
        assert process.wait(_WAIT_SECONDS) == 0


def test_starts_again_what_was_killed(tmp_path: Path) -> None:
    """In the same group's care, while the other one goes on as it was; the log and the states say it."""
    with supervising(tmp_path, "a", "b"):
        _wait_for(tmp_path, "a", "b")
        os.kill(int(_lives(tmp_path, "a")[0][1]), signal.SIGKILL)
        _wait_for(tmp_path, "a", lives=2)

        assert len(_lives(tmp_path, "b")) == 1
        assert (
            "a: it has ended, and is started again until it stays up: It was ended by SIGKILL."
            in (tmp_path / "log").read_text()
        )
        wait_until(lambda: _states(tmp_path)["a"].is_well, _WAIT_SECONDS, "a staying up")
        assert "a: it stays up: it failed 1 times" in (tmp_path / "log").read_text()


def test_no_service_ends_another(tmp_path: Path) -> None:
    """One that never starts is tried again without end, ever later, and said once; the others are as they were."""
    with supervising(tmp_path, "a", "refused", "broken", "b") as process:
        _wait_for(tmp_path, "a", "b")
        wait_until(lambda: len(_lives(tmp_path, "refused")) >= 8, _WAIT_SECONDS, "many attempts")
        wait_until(lambda: len(_lives(tmp_path, "broken")) >= 8, _WAIT_SECONDS, "many attempts")

        assert process.poll() is None
        assert len(_lives(tmp_path, "a")) == len(_lives(tmp_path, "b")) == 1
        begun = [life[0] for life in _lives(tmp_path, "refused")]
        pauses = [after - before for before, after in itertools.pairwise(begun)]
        for pause, least in zip(pauses, (0.05, 0.1, 0.2, 0.4, 0.4), strict=False):
            assert pause >= least
        said = (tmp_path / "log").read_text()
        assert said.count("supervisor: refused: it has ended") == 1
        assert "refused cannot listen on 127.0.0.1:80: Permission denied." in said
        states = _states(tmp_path)
        assert states["a"].is_well
        assert states["refused"].reason == "refused cannot listen on 127.0.0.1:80: Permission denied."
        assert states["broken"].reason == "An unexpected error (ZeroDivisionError): see the log."
        assert "ZeroDivisionError" in said

        (tmp_path / "allowed").touch()
        _wait_for(tmp_path, "refused", lives=9)
        wait_until(lambda: _states(tmp_path)["refused"].is_well, _WAIT_SECONDS, "its staying up")


def test_a_killed_supervisor_leaves_nothing(tmp_path: Path) -> None:
    """The kernel tells the children; a file that says otherwise is not believed."""
    with supervising(tmp_path, "a", "b") as process:
        _wait_for(tmp_path, "a", "b")
        services = [int(_lives(tmp_path, name)[0][1]) for name in ("a", "b")]
        # A service may live before its supervisor has written that it does.
        wait_until(lambda: set(_states(tmp_path)) == {"a", "b"}, _WAIT_SECONDS, "the file")
        process.kill()
        wait_until(lambda: not any(_runs(pid) for pid in services), _WAIT_SECONDS, "the end of all")
        process.wait(_WAIT_SECONDS)
        assert (tmp_path / "services.json").exists()
        assert _states(tmp_path) == {}
        for pid in _processes(tmp_path, "a", "b"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_a_process_with_threads_forks_nothing(tmp_path: Path) -> None:
    """A child would have the locks of a thread, and not the thread that lets them go."""
    with supervising(tmp_path, "a", "thread") as process:
        assert process.wait(_WAIT_SECONDS) != 0
    assert "cannot be started from a process with threads (somebody's)" in (tmp_path / "log").read_text()
    assert _lives(tmp_path, "a") == []


def test_children_show_what_they_run(tmp_path: Path) -> None:
    """Nothing of the other services' start is in them: each has the name and arguments of its own."""
    command = (
        "import sys, os; from pki_revocation.host.process_title import show_command\n"
        "show_command('pki-web', ['python', '-m', 'pki', 'serve', 'web'])\n"
        "print(open('/proc/self/cmdline').read().strip(chr(0)).replace(chr(0), ' '))\n"
        "print(open('/proc/self/comm').read().strip(), os.environ['KEPT'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", command, "and some more arguments"],
        cwd=_TOP,
        env=environment({"KEPT": "kept"}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "python -m pki serve web\npki-web kept\n"


def test_a_folder_that_cannot_be_written_to_is_no_trouble(tmp_path: Path) -> None:
    """Services run without the file."""
    StateFile(tmp_path / "none").write({"a": ServiceState(name="a", process=1)})
    assert list(supervised_services(tmp_path / "none")) == []
