"""One process at a time in a folder; the kernel lets go of it."""

import errno
import fcntl
import os
import signal
from pathlib import Path

import pytest

from pki_revocation.host.folder_lock import FolderHeld, FolderLock


@pytest.fixture(params=[None, ".lock"])
def file(request: pytest.FixtureRequest) -> str | None:
    """What is locked: the folder, or a file in it."""
    found: str | None = request.param
    return found


def test_second_one_is_refused_until_the_first_lets_go(tmp_path: Path, file: str | None) -> None:
    """At once, without waiting."""
    with FolderLock(tmp_path, file), pytest.raises(FolderHeld, match=str(tmp_path)), FolderLock(tmp_path, file):
        pass
    with FolderLock(tmp_path, file):
        pass


def test_process_that_was_killed_holds_nothing(tmp_path: Path, file: str | None) -> None:
    """Its lock ends with it; nothing has to be cleared."""
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        FolderLock(tmp_path, file).acquire()
        os.write(tell, b".")
        signal.pause()
    assert os.read(ready, 1) == b"."
    with pytest.raises(FolderHeld):
        FolderLock(tmp_path, file).acquire()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(ready)
    os.close(tell)

    with FolderLock(tmp_path, file):
        pass


def test_nothing_but_the_lock_lies_there(tmp_path: Path, file: str | None) -> None:
    """Of the folder itself nothing shows; the file is its owner's."""
    with FolderLock(tmp_path, file):
        found = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}

    assert found == ({} if file is None else {file: 0o600})


def test_refused_one_keeps_no_file_open(tmp_path: Path, file: str | None) -> None:
    """A service that tries again every second does not run out of descriptors."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    with FolderLock(tmp_path, file):
        for _ in range(5):
            with pytest.raises(FolderHeld):
                FolderLock(tmp_path, file).acquire()

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_file_system_that_does_not_lock(tmp_path: Path, file: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As NFS says of a folder: an error, and not that another one holds it; no descriptor is left open."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    before = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match="Bad file descriptor"):
        FolderLock(tmp_path, file).acquire()

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_folder_that_is_not_there(tmp_path: Path, file: str | None) -> None:
    """Is said by the operating system."""
    with pytest.raises(FileNotFoundError):
        FolderLock(tmp_path / "none", file).acquire()
