"""Temporary folders: gone after use, and after a kill with the next service's start; another's are left alone."""

import os
import signal
import time
from pathlib import Path

import pytest

from pki_revocation.host.temporary_folders import remove_abandoned_folders, temporary_folder

LONG_AGO = time.time() - 3600


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder, for this test."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def killed_holder() -> Path:
    """A folder whose process was killed in the middle, an hour ago by its looks."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with temporary_folder("web") as folder:
            (folder / "figures").touch()
            os.write(writing, str(folder).encode())
            signal.pause()
    folder = Path(os.read(reading, 4096).decode())
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.utime(folder, (LONG_AGO, LONG_AGO))
    return folder


def test_gone_after_use(temporary: Path) -> None:
    """With what is in it; others cannot read it meanwhile."""
    with temporary_folder("answers") as folder:
        (folder / "file").touch()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.name.startswith("pki-revocation-answers-")
    assert list(temporary.iterdir()) == []


def test_what_a_kill_left_goes_with_the_next_start() -> None:
    """And only then: while its process lives it is held, however old it is."""
    left = killed_holder()
    with temporary_folder("web") as held:
        os.utime(held, (LONG_AGO, LONG_AGO))
        assert left.exists()

        remove_abandoned_folders()

        assert held.exists()
        assert not left.exists()


def test_others_stay(temporary: Path) -> None:
    """A folder of another program, one that is being made at this moment, and a link to somewhere else."""
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    other, young = temporary / "pki-other-web-1", temporary / "pki-revocation-web-2"
    for folder in (other, young):
        folder.mkdir()
    os.utime(other, (LONG_AGO, LONG_AGO))
    link = temporary / "pki-revocation-web-3"
    link.symlink_to(elsewhere)
    os.utime(link, (LONG_AGO, LONG_AGO), follow_symlinks=False)

    remove_abandoned_folders()

    assert {each.name for each in temporary.iterdir()} == {other.name, young.name, link.name, elsewhere.name}
