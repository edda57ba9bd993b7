"""The directory outlet: whole files only, never an older number, and nothing left behind."""

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from crl_publisher.errors import NumberNotAbove, OutletError
from crl_publisher.outlets import DirectoryOutlet
from pki_revocation.host.failpoints import VARIABLE

PATH = "crl/issuing.crl"


def number_in(data: bytes) -> int | None:
    """These tests' CRLs are their own numbers."""
    return int(data) if data.isdigit() else None


def publish(outlet: DirectoryOutlet, number: int) -> None:
    """Publish a CRL that is its number."""
    outlet.replace(PATH, str(number).encode(), number=number, number_of=number_in)


def names(root: Path) -> set[str]:
    """What lies in the folder."""
    return {path.name for path in (root / "crl").iterdir()}


def test_first_and_next_are_published(outlet: DirectoryOutlet, root: Path) -> None:
    """Readable by everybody, under its name alone, beside the lock."""
    assert not outlet.exists(PATH)
    assert outlet.fetch(PATH) is None

    publish(outlet, 5)
    publish(outlet, 6)

    assert outlet.exists(PATH)
    assert outlet.fetch(PATH) == b"6"
    assert (root / PATH).stat().st_mode & 0o777 == 0o644
    assert names(root) == {"issuing.crl", ".issuing.crl.lock"}


@pytest.mark.parametrize("number", [4, 5])
def test_outlet_never_goes_backwards(number: int, outlet: DirectoryOutlet, root: Path) -> None:
    """Neither an older number nor the same again; what was public stays."""
    publish(outlet, 5)

    with pytest.raises(NumberNotAbove, match="holds CRL number 5"):
        publish(outlet, number)

    assert outlet.fetch(PATH) == b"5"
    assert names(root) == {"issuing.crl", ".issuing.crl.lock"}


def test_what_is_no_crl_of_ours_is_replaced(outlet: DirectoryOutlet, root: Path) -> None:
    """Rubbish at the address must not keep the right CRL away for good."""
    (root / "crl").mkdir(parents=True)
    (root / PATH).write_bytes(b"rubbish")

    publish(outlet, 1)

    assert outlet.fetch(PATH) == b"1"


WRITER = """
import sys
from pathlib import Path
from crl_publisher.outlets import DirectoryOutlet
DirectoryOutlet(Path(sys.argv[1])).replace("crl/issuing.crl", b"9", number=9, number_of=int)
"""


@pytest.fixture
def half_written(root: Path, tmp_path: Path) -> Path:
    """What a process of this machine left that was killed between writing and renaming."""
    failpoints = tmp_path / "failpoints"
    failpoints.mkdir()
    (failpoints / "crl.written").touch()
    killed = subprocess.run(
        [sys.executable, "-c", WRITER, str(root)],
        env=os.environ | {VARIABLE: str(failpoints)},
        check=False,
        timeout=30,
    )
    assert killed.returncode == -signal.SIGKILL
    (leftover,) = (root / "crl").glob(".issuing.crl.*.tmp")
    return leftover


def of_process(leftover: Path, process: int) -> Path:
    """The same, from another process of the same place."""
    *before, _, token, suffix = leftover.name.split(".")
    other = leftover.with_name(".".join((*before, str(process), token, suffix)))
    other.write_bytes(b"half")
    return other


def of_place(leftover: Path, place: str) -> Path:
    """The same, from a process with the same id elsewhere."""
    *before, _, process, token, suffix = leftover.name.split(".")
    other = leftover.with_name(".".join((*before, place, process, token, suffix)))
    other.write_bytes(b"half")
    return other


def test_leftovers_of_the_dead_are_cleared(outlet: DirectoryOutlet, half_written: Path) -> None:
    """The half-written file of a process that ended goes; one of a process that lives stays."""
    alive = of_process(half_written, os.getppid())

    publish(outlet, 1)

    assert not half_written.exists()
    assert alive.exists()


def test_process_ids_of_other_machines_say_nothing(outlet: DirectoryOutlet, half_written: Path) -> None:
    """On a shared folder, what another machine is writing stays, though no process here has that id."""
    elsewhere = of_place(half_written, "0" * 16)

    publish(outlet, 1)

    assert elsewhere.exists()


@pytest.mark.parametrize(("minutes", "stays"), [(59, True), (61, False)])
def test_old_leftovers_go_wherever_they_come_from(
    minutes: int,
    stays: bool,  # noqa: FBT001 - a column of the table
    outlet: DirectoryOutlet,
    half_written: Path,
) -> None:
    """Nobody writes for an hour: also what a machine left that never comes back is cleared."""
    elsewhere = of_place(half_written, "0" * 16)
    written = elsewhere.stat().st_mtime - 60 * minutes
    os.utime(elsewhere, (written, written))

    publish(outlet, 1)

    assert elsewhere.exists() is stays


def test_failed_write_leaves_the_old_file_alone(
    outlet: DirectoryOutlet, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is one sentence, with the old CRL in place and no half-written one beside it."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    publish(outlet, 1)
    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OutletError, match="No space left on device"):
        publish(outlet, 2)

    assert outlet.fetch(PATH) == b"1"
    assert names(root) == {"issuing.crl", ".issuing.crl.lock"}


def test_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    """A file where the folder should be, for whoever may write everywhere."""
    (tmp_path / "published").write_bytes(b"")

    with pytest.raises(OutletError, match="cannot be published"):
        publish(DirectoryOutlet(tmp_path / "published"), 1)


def test_many_writers_leave_the_highest(outlet: DirectoryOutlet) -> None:
    """Check and rename happen together: whoever loses the race is refused, and the number only rises."""
    seen: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.append(int(outlet.fetch(PATH) or b"0"))

    def write(numbers: range) -> None:
        for number in numbers:
            try:
                publish(outlet, number)
            except NumberNotAbove:
                continue

    publish(outlet, 1)
    watcher = threading.Thread(target=watch)
    writers = [threading.Thread(target=write, args=(range(start, 120, 4),)) for start in range(2, 6)]
    _run(watcher, writers, stop.set)

    assert outlet.fetch(PATH) == b"119"
    assert seen == sorted(seen)


def _run(watcher: threading.Thread, writers: list[threading.Thread], stop: Callable[[], None]) -> None:
    for thread in (watcher, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop()
    watcher.join()


def test_other_files_are_put_as_they_are(outlet: DirectoryOutlet, root: Path) -> None:
    """A CA certificate is written once, and left alone while it is the same."""
    outlet.put("aia/issuing.cer", b"certificate")
    before = (root / "aia/issuing.cer").stat().st_ino

    outlet.put("aia/issuing.cer", b"certificate")
    same = (root / "aia/issuing.cer").stat().st_ino
    outlet.put("aia/issuing.cer", b"renewed")

    assert same == before
    assert outlet.fetch("aia/issuing.cer") == b"renewed"
