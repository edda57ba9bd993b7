"""A key that is held is not destroyed, and one that is being destroyed is not taken up: whoever comes in between."""

import errno
import fcntl
import gc
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from keys.errors import UnusableKey
from keys.files.key_lock import exclusive_lock, shared_lock

flock = fcntl.flock


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """The file that stands for its key."""
    file = tmp_path / "0123456789abcdef.pem"
    file.write_text("certificate")
    return file


def is_free(certificate: Path) -> bool:
    """Whether nobody holds it."""
    with exclusive_lock(certificate) as alone:
        return alone


def test_any_number_hold_a_key_and_one_destroys_it(certificate: Path) -> None:
    """Not before the last of them has let it go, which it does with its last reference."""
    assert is_free(certificate)
    first, second = shared_lock(certificate), shared_lock(certificate)
    assert first is not None
    assert second is not None
    del first
    gc.collect()
    assert not is_free(certificate)
    del second
    gc.collect()
    assert is_free(certificate)


def test_nobody_takes_up_a_key_while_it_is_destroyed(certificate: Path) -> None:
    """Nor a second one destroys it; and what did not get the lock holds none."""
    with exclusive_lock(certificate) as alone:
        assert alone
        assert shared_lock(certificate) is None
        assert not is_free(certificate)
    gc.collect()
    assert is_free(certificate)
    assert shared_lock(certificate) is not None


def test_key_that_is_gone_is_held_by_nobody(certificate: Path) -> None:
    """There is nothing to hold, and nothing in the way of who cleans up."""
    certificate.unlink()
    assert shared_lock(certificate) is None
    assert is_free(certificate)


def test_no_descriptor_is_left(certificate: Path) -> None:
    """A responder looks for new keys for years."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        held = shared_lock(certificate)
        is_free(certificate)
        del held
        gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def _replaced(certificate: Path) -> None:
    """By the pair of a renewal, which has the same name for a moment."""
    other = certificate.with_suffix(".new")
    other.write_text("another certificate")
    other.replace(certificate)


def _renamed(certificate: Path) -> None:
    """Out of the way of those who come, before the key is overwritten."""
    certificate.rename(certificate.with_suffix(".going"))


@pytest.mark.parametrize("happens", [_replaced, _renamed])
def test_name_that_stands_for_another_file_by_then_is_not_held(
    happens: Callable[[Path], None], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file was opened, its key was destroyed under the other lock, and only then this one is had."""

    def later(descriptor: int, how: int) -> None:
        happens(certificate)
        flock(descriptor, how)

    with monkeypatch.context() as patched:
        patched.setattr(fcntl, "flock", later)
        assert shared_lock(certificate) is None


def test_file_that_cannot_be_opened_is_named(certificate: Path) -> None:
    """With what the system says of it."""
    below = certificate / "x.pem"
    said = re.escape(f"The certificate {below} cannot be opened: {os.strerror(errno.ENOTDIR)}.")
    with pytest.raises(UnusableKey, match=said):
        shared_lock(below)
    with pytest.raises(UnusableKey, match=said), exclusive_lock(below):
        pass


def test_file_system_without_locks_is_named(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key is not taken for held, nor for free, where nobody can tell."""

    def no_locks(_descriptor: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    said = re.escape(f"The certificate {certificate} cannot be locked: {os.strerror(errno.ENOLCK)}.")
    with pytest.raises(UnusableKey, match=said):
        shared_lock(certificate)
    with pytest.raises(UnusableKey, match=said), exclusive_lock(certificate):
        pass


@pytest.mark.parametrize("writable", [True, False])
def test_file_is_opened_for_writing_where_that_is_allowed(
    writable: bool,  # noqa: FBT001 - a parameter
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NFS locks alone only what is open for writing; a holder reads, and no child inherits either."""
    modes = []

    def noted(descriptor: int, how: int) -> None:
        modes.append((fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE, os.get_inheritable(descriptor)))
        flock(descriptor, how)

    monkeypatch.setattr(os, "access", lambda path, mode: writable and (path, mode) == (certificate, os.W_OK))
    monkeypatch.setattr(fcntl, "flock", noted)
    assert is_free(certificate)
    assert shared_lock(certificate) is not None
    assert modes == [(os.O_RDWR if writable else os.O_RDONLY, False), (os.O_RDONLY, False)]
