"""Files that are one account's alone: what others could read or exchange is refused, and nothing is half written."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from keys.errors import UnusableKey
from keys.files.private_files import read_private, replace, write_new

_NO_DESK = 65534
_SOMEBODY = 12345


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A file as it should be."""
    path = tmp_path / "issuing.key"
    write_new(path, b"key", "key")
    return path


@pytest.fixture
def as_nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """This process as another account than root, with a folder that this account can enter."""
    if os.geteuid() != 0:
        pytest.skip("only root can be another account")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chown(folder, _NO_DESK, _NO_DESK)
        os.seteuid(_NO_DESK)
        try:
            yield folder
        finally:
            os.seteuid(0)


def test_file_of_ones_own_is_read(key: Path) -> None:
    """With the state by which it is known again."""
    first = read_private(key, "key")
    assert first.content == b"key"
    assert read_private(key, "key").state == first.state
    replace(key, b"new", "key")
    assert read_private(key, "key").state != first.state


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o620])
def test_file_open_to_others_is_refused(key: Path, mode: int) -> None:
    """Whatever group or others may do with it."""
    key.chmod(mode)
    with pytest.raises(UnusableKey, match="chmod 600"):
        read_private(key, "key")


def test_symbolic_link_is_refused(key: Path) -> None:
    """Whoever owns the link could let it point elsewhere."""
    link = key.with_name("link.key")
    link.symlink_to(key)
    with pytest.raises(UnusableKey, match="symbolic link"):
        read_private(link, "key")


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_folder_that_others_can_write_to_is_refused(key: Path, mode: int) -> None:
    """Whoever can write to it can put another file in this one's place."""
    key.parent.chmod(mode)
    try:
        with pytest.raises(UnusableKey, match="chmod go-w"):
            read_private(key, "key")
    finally:
        key.parent.chmod(0o700)


def test_folder_with_the_sticky_bit_will_do(key: Path) -> None:
    """There nobody exchanges what belongs to another."""
    key.parent.chmod(0o1777)
    try:
        assert read_private(key, "key").content == b"key"
    finally:
        key.parent.chmod(0o700)


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    """A pipe that nobody writes to does not hold a service up."""
    path = tmp_path / "odd.key"
    os.mkfifo(path, 0o600) if kind == "fifo" else path.mkdir()
    with pytest.raises(UnusableKey, match=r"no ordinary file"):
        read_private(path, "key")


def test_file_of_another_account_is_refused(as_nobody: Path) -> None:
    """Its owner could write whatever he likes into it; one of root's will do, where an access list lets us read it."""
    path = as_nobody / "issuing.key"
    write_new(path, b"key", "key")
    assert read_private(path, "key").content == b"key"
    path.chmod(0o440)
    os.seteuid(0)
    os.chown(path, 0, os.getegid())
    os.seteuid(_NO_DESK)
    assert read_private(path, "key", by_list=True).content == b"key"
    os.seteuid(0)
    os.chown(path, _SOMEBODY, os.getegid())
    os.seteuid(_NO_DESK)
    with pytest.raises(UnusableKey, match="belongs to another account"):
        read_private(path, "key", by_list=True)


def test_nothing_is_overwritten(key: Path) -> None:
    """A file that is there stays, and no temporary one is left beside it."""
    with pytest.raises(UnusableKey, match="never overwritten"):
        write_new(key, b"other", "key")

    assert key.read_bytes() == b"key"
    assert [each.name for each in key.parent.iterdir()] == [key.name]
    assert key.stat().st_mode & 0o777 == 0o600


def test_replacing_keeps_owner_and_leaves_no_other(key: Path) -> None:
    """At every moment the old one or the new one is there, whole."""
    if os.geteuid() == 0:
        os.chown(key, _SOMEBODY, _SOMEBODY)
    replace(key, b"new", "key")

    assert key.read_bytes() == b"new"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.stat().st_uid == (_SOMEBODY if os.geteuid() == 0 else os.geteuid())
    assert [each.name for each in key.parent.iterdir()] == [key.name]


def test_replacing_that_fails_keeps_the_old_one(key: Path) -> None:
    """A folder in its place, as the simplest of failures: one sentence, and nothing lies about."""
    with pytest.raises(UnusableKey, match="cannot be replaced"):
        replace(key.with_name("none.key"), b"new", "key")

    assert [each.name for each in key.parent.iterdir()] == [key.name]
