"""The README's commands, as a new user runs them: in a fresh clone, in a temporary folder, on a terminal."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.integration.running_demo import environment, free_port_base
from tests.waiting import patience, wait_until

TOP = Path(__file__).parents[2]
_INSTALL_SECONDS = 240


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What git would give: every file that is tracked, or would be, and nothing else."""
    folder = tmp_path / "pki-revocation"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (TOP / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, folder / name)
    return folder


def _commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", (TOP / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


def test_readme_has_two_commands() -> None:
    """What this file runs is what the README says, no more and no less."""
    assert _commands() == ["make demo", "make test"]


@pytest.mark.long  # all packages are installed
@pytest.mark.timeout(900)
def test_make_demo(clone: Path) -> None:
    """From nothing to a running demo; Ctrl-C on the terminal leaves no process, no lock and no make error."""
    base = free_port_base()
    shown, process, terminal = b"", *_on_terminal(["make", "demo", f"PORT_BASE={base}"], clone)
    try:
        shown += _read_until(terminal, b"Ctrl-C ends it", _INSTALL_SECONDS)
        ready = clone / "var/demo/demo.json"
        assert ready.exists()
        assert f"http://127.0.0.1:{base + 2}/ocsp".encode() in shown
        assert b"hashes checked, wheels only" in shown
        certificate = re.search(rb"-cert (\S+)", shown)
        assert certificate is not None
        assert Path(certificate[1].decode()).is_absolute()
        begin = time.monotonic()
        os.write(terminal, b"\x03")
        shown += _read_to_end(terminal)
        assert time.monotonic() - begin < patience(20)
    except BaseException:
        os.killpg(process, signal.SIGKILL)
        raise
    finally:
        _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) in {0, -signal.SIGINT}
    assert b"***" not in shown
    assert b"Traceback" not in shown
    assert not ready.exists()
    wait_until(lambda: not _mentions(clone), 10, "the end of every process")


@pytest.mark.long  # all packages are installed
@pytest.mark.timeout(900)
def test_make_test(clone: Path) -> None:
    """`make test` sets itself up and runs; here it is told to run one file, since it is running already."""
    done = subprocess.run(
        ["make", "test"],
        cwd=clone,
        env=environment({"PYTEST_ADDOPTS": "tests/pki_revocation/test_reasons.py"}),
        capture_output=True,
        text=True,
        timeout=_INSTALL_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_missing_python_is_one_sentence(clone: Path) -> None:
    """A Python that is not there, and one that is too old, are said so."""
    old = clone / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    for name, says in (("no-such-python", "There is no no-such-python"), ("./old-python", "Python 3.9.2 is too old")):
        done = subprocess.run(
            ["make", "install", f"PYTHON={name}"], cwd=clone, capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        assert says in done.stderr


def _on_terminal(command: list[str], folder: Path) -> tuple[int, int]:
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, environment())  # noqa: S606 - in the child of pty.fork there is nothing else
    return process, terminal


def _read_until(terminal: int, text: bytes, seconds: float) -> bytes:
    shown, deadline = b"", time.monotonic() + seconds
    while text not in shown:
        assert time.monotonic() < deadline, shown.decode(errors="replace")
        if select.select([terminal], [], [], 1)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                raise AssertionError(shown.decode(errors="replace")) from None
    return shown


def _read_to_end(terminal: int) -> bytes:
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            return shown
        if not piece:
            return shown
        shown += piece


def _mentions(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in argument for argument in process.info["cmdline"] or [])
    ]
