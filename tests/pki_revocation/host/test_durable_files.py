"""Files are whole or not there; their permission is never wider than was asked for, and no name is lost."""

import errno
import os
import stat
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pki_revocation.host import durable_files
from pki_revocation.host.durable_files import BY_UMASK, File, create, move, remove, write, write_all
from tests.disks import small_disk
from tests.killing import killed_at
from tests.power_cuts import power_cuts

OLD, NEW = b"old" * 100, b"new" * 200
_ANOTHER = 12345
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give files away")


def names(folder: Path) -> set[str]:
    """What lies there."""
    return {each.name for each in folder.iterdir()}


@pytest.mark.parametrize("make", [write, create])
def test_steps_come_in_their_order(folder: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[..., None]) -> None:
    """The draft's content, then the name, then the folder: none of the three is done before the one before it."""
    steps: list[str] = []

    def watched(name: str, say: Callable[..., str]) -> None:
        call = getattr(os, name)

        def passed_on(*given: object) -> object:
            done = call(*given)
            steps.append(say(*given))
            return done

        monkeypatch.setattr(os, name, passed_on)

    watched("fsync", lambda descriptor: f"fsync {'folder' if stat.S_ISDIR(os.fstat(descriptor).st_mode) else 'draft'}")
    watched("replace", lambda _, target: f"named {Path(target).name}")
    watched("link", lambda _, target: f"named {Path(target).name}")
    make(folder / "file", NEW)

    assert steps == ["fsync draft", "named file", "fsync folder"]


def test_full_disk_leaves_all_of_several_as_they_were(tmp_path: Path) -> None:
    """The second one is too large: the first, which was drafted already, does not get its name."""
    with small_disk(tmp_path / "disk") as disk:
        write(disk / "first", b"1")
        write(disk / "second", b"2")
        with pytest.raises(OSError, match="No space left") as failed:
            write_all(File(disk / "first", b"one"), File(disk / "second", bytes(100_000)))
        left = {each.name: each.read_bytes() for each in disk.iterdir()}

    assert failed.value.errno == errno.ENOSPC
    assert left == {"first": b"1", "second": b"2"}


def test_several_get_their_names_in_order(folder: Path) -> None:
    """After a power cut no later one is new beside an earlier one that is old."""
    write_all(*(File(folder / name, OLD) for name in "abc"))

    cuts = power_cuts(folder, lambda: write_all(*(File(folder / name, NEW) for name in "abc")))

    assert {tuple(left.content(name) for name in "abc") for left in cuts.during} == {
        (OLD, OLD, OLD), (NEW, OLD, OLD), (NEW, NEW, OLD), (NEW, NEW, NEW),
    }  # fmt: skip
    assert {tuple(left.content(name) for name in "abc") for left in cuts.ended} == {(NEW, NEW, NEW)}


def interrupted() -> Iterator[bytes]:
    """Content whose maker is stopped in the middle."""
    yield NEW
    raise KeyboardInterrupt


@pytest.mark.parametrize("make", [write, create])
def test_content_that_breaks_off_leaves_nothing(folder: Path, make: Callable[..., None]) -> None:
    """Also where it is no error: Ctrl-C while a large file is being made."""
    with pytest.raises(KeyboardInterrupt):
        make(folder / "file", interrupted())

    assert names(folder) == set()


def test_draft_of_ones_own_that_breaks_off_leaves_nothing(folder: Path) -> None:
    """A caller that names its drafts has none to take away that was never whole, and loses none that was there."""
    with pytest.raises(KeyboardInterrupt):
        durable_files.write_draft(folder / "draft", interrupted())
    durable_files.write_draft(folder / "draft", OLD)
    with pytest.raises(FileExistsError):
        durable_files.write_draft(folder / "draft", NEW)

    assert (folder / "draft").read_bytes() == OLD


def test_pieces_are_one_file(folder: Path) -> None:
    """One by one, so that a large file need not be in memory."""
    write(folder / "file", (bytes([each]) * 10_000 for each in range(10)))

    assert (folder / "file").read_bytes() == b"".join(bytes([each]) * 10_000 for each in range(10))


def test_pieces_are_never_all_in_memory(folder: Path) -> None:
    """Of a large file, such as a backup, one piece at a time."""
    tracemalloc.start()
    try:
        write(folder / "file", (bytes(1_000_000) for _ in range(50)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (folder / "file").stat().st_size == 50_000_000
    assert peak < 5_000_000


@pytest.mark.parametrize("what", ["a file", "a folder", "a link that points nowhere"])
def test_creating_touches_nothing_that_is_there(folder: Path, what: str) -> None:
    """Whatever has the name."""
    path = folder / "file"
    match what:
        case "a file":
            path.write_bytes(OLD)
        case "a folder":
            path.mkdir()
        case _:
            path.symlink_to(folder / "nowhere")
    before = path.lstat()

    with pytest.raises(FileExistsError):
        create(path, NEW)

    assert path.lstat() == before
    assert names(folder) == {"file"}


def test_link_is_replaced_and_not_written_through(folder: Path, tmp_path: Path) -> None:
    """What it points at is another's."""
    (tmp_path / "elsewhere").write_bytes(OLD)
    (folder / "file").symlink_to(tmp_path / "elsewhere")

    write(folder / "file", NEW)

    assert (tmp_path / "elsewhere").read_bytes() == OLD
    assert not (folder / "file").is_symlink()


def test_name_that_cannot_be_taken_leaves_no_draft(folder: Path) -> None:
    """A folder has it, or there is no folder to write in."""
    (folder / "file").mkdir()
    with pytest.raises(IsADirectoryError):
        write(folder / "file", NEW)
    with pytest.raises(FileNotFoundError):
        write(folder / "none" / "file", NEW)

    assert names(folder) == {"file"}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o400])
@pytest.mark.parametrize("owner", [None, pytest.param((_ANOTHER, _ANOTHER), marks=needs_root)])
@pytest.mark.parametrize("make", [write, create])
def test_permission_is_never_wider_than_asked(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[..., None],
    mode: int,
    owner: tuple[int, int] | None,
) -> None:
    """After each call, of the draft and of the file; and no group reads it before it is the right group's."""
    seen: list[os.stat_result] = []
    group = os.getegid() if owner is None else owner[1]

    def watched(name: str) -> None:
        call = getattr(os, name)

        def passed_on(*given: object, **named: object) -> object:
            done = call(*given, **named)
            seen.extend(each.lstat() for each in folder.iterdir())
            return done

        monkeypatch.setattr(os, name, passed_on)

    for name in ("open", "fchown", "fchmod", "fsync", "replace", "link"):
        watched(name)
    mask = os.umask(0)
    try:
        make(folder / "file", NEW, mode=mode, owner=owner)
    finally:
        os.umask(mask)

    assert seen
    assert not [oct(each.st_mode) for each in seen if stat.S_IMODE(each.st_mode) & ~mode]
    assert not [each for each in seen if each.st_gid != group and each.st_mode & stat.S_IRWXG]
    assert not [each for each in seen if each.st_size and each.st_gid != group]
    found = (folder / "file").stat()
    assert stat.S_IMODE(found.st_mode) == mode
    assert (found.st_uid, found.st_gid) == (owner or (os.geteuid(), os.getegid()))


@pytest.mark.parametrize(("mask", "expected"), [(0o022, 0o644), (0o077, 0o600), (0o007, 0o660)])
def test_file_that_is_nothing_special_is_as_the_umask_says(folder: Path, mask: int, expected: int) -> None:
    """As every program writes its files."""
    before = os.umask(mask)
    try:
        write(folder / "file", NEW, mode=BY_UMASK)
    finally:
        os.umask(before)

    assert stat.S_IMODE((folder / "file").stat().st_mode) == expected


def test_of_parallel_writers_one_wins_whole(folder: Path) -> None:
    """Each read sees one writer's octets and no mixture; no draft is left."""
    contents = [bytes([each]) * 300_000 for each in range(6)]
    write(folder / "file", contents[0])
    with ThreadPoolExecutor(7) as pool:
        writing = [pool.submit(write, folder / "file", each) for each in contents * 5]
        while not all(each.done() for each in writing):
            assert (folder / "file").read_bytes() in contents
        for each in writing:
            each.result()

    assert names(folder) == {"file"}


def test_of_parallel_creators_one_succeeds(folder: Path) -> None:
    """And all others are told."""

    def succeeds(place: int) -> bool:
        try:
            create(folder / "file", str(place).encode())
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(succeeds, range(16)))

    assert made.count(True) == 1
    assert (folder / "file").read_bytes() == str(made.index(True)).encode()
    assert names(folder) == {"file"}


def test_file_system_without_links(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAT on a stick, on which requests travel to an off-line CA: written all the same, and nothing replaced."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    create(folder / "file", NEW)
    with pytest.raises(FileExistsError):
        create(folder / "file", OLD)
    assert (folder / "file").read_bytes() == NEW
    assert names(folder) == {"file"}

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError):
        create(folder / "another", NEW)
    assert names(folder) == {"file"}


def test_link_that_fails_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that can take no more names: nothing is there afterwards, not even an empty file."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(OSError, match="No space left"):
        create(folder / "file", NEW)

    assert names(folder) == set()


def test_no_file_is_left_open(folder: Path) -> None:
    """Whether it went well or not: a service writes for years."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    write(folder / "file", NEW)
    with pytest.raises(FileExistsError):
        create(folder / "file", NEW)
    with pytest.raises(KeyboardInterrupt):
        write(folder / "file", interrupted())
    remove(folder / "file")

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_file_system_whose_folders_have_nothing_to_bring_to_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some say EINVAL for a folder: the file is written, and any other error is one."""
    fsync, number = os.fsync, errno.EINVAL

    def refuse(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    write(folder / "file", NEW)
    number = errno.EIO
    with pytest.raises(OSError, match="Input/output error"):
        write(folder / "file", OLD)


@needs_root
def test_folder_that_may_be_written_and_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a drop box: all file systems go to disk, because the folder cannot be opened."""
    synced: list[None] = []
    monkeypatch.setattr(os, "sync", lambda: synced.append(None))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o733)
        os.seteuid(_ANOTHER)
        try:
            write(folder / "file", NEW)
        finally:
            os.seteuid(0)
        assert (folder / "file").read_bytes() == NEW

    assert synced == [None]


@pytest.mark.parametrize("name", ["a" * 255, "é" * 127, os.fsdecode(b"\xff\n*["), ".hidden"])
def test_any_name_will_do(folder: Path, name: str) -> None:
    """As long as the file system takes it; drafts of it are known again."""
    write(folder / name, OLD)
    assert not durable_files.is_draft(folder / name)
    killed_at("file.drafted", folder.with_name("failpoints"), lambda: write(folder / name, NEW))
    assert sorted(durable_files.is_draft(each) for each in folder.iterdir()) == [False, True]

    durable_files.clear_abandoned(folder / name)

    assert names(folder) == {name}
    assert (folder / name).read_bytes() == OLD


def test_other_hidden_files_are_left_alone(folder: Path) -> None:
    """What is no draft of ours, however it ends, and a draft that another process took away just now."""
    other = folder / ".mail.tmp"
    other.write_bytes(b"")
    os.utime(other, (0, 0))
    # As if it had gone between being listed and being looked at.
    gone = folder / f".file.{'0' * 16}.1.{'0' * 16}.tmp"
    gone.symlink_to(folder / "nowhere")
    write(folder / "file", NEW)

    durable_files.clear_abandoned(folder / "file")

    assert names(folder) == {".mail.tmp", gone.name, "file"}


def test_move_between_folders(folder: Path) -> None:
    """At each moment in one of them; when it has ended, in the second one only."""
    for name in ("from", "to"):
        (folder / name).mkdir()
    write(folder / "from" / "file", NEW)

    cuts = power_cuts(folder, lambda: move(folder / "from" / "file", folder / "to" / "file"))

    places = [(left.content("from/file"), left.content("to/file")) for left in cuts.during]
    assert set(places) == {(NEW, None), (None, NEW)}
    assert {(left.content("from/file"), left.content("to/file")) for left in cuts.ended} == {(None, NEW)}


def test_what_is_removed_stays_away(folder: Path) -> None:
    """A power cut does not bring it back; what is gone already is no error."""
    write_all(*(File(folder / name, NEW) for name in "ab"))

    cuts = power_cuts(folder, lambda: remove(folder / "a", folder / "none", folder / "b"))

    assert [left.files for left in cuts.ended] == [()]


def test_new_folders_stay(folder: Path) -> None:
    """A file is found again only when every folder above it is; one that is there keeps its permission."""
    cuts = power_cuts(folder, lambda: durable_files.make_folder(folder / "a" / "b" / "c"))

    assert [left.folders for left in cuts.ended] == [(".", "a", "a/b", "a/b/c")]
    assert stat.S_IMODE((folder / "a" / "b" / "c").stat().st_mode) == 0o700
    (folder / "a").chmod(0o750)
    durable_files.make_folder(folder / "a")
    assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o750


def test_secret_is_not_shown(folder: Path) -> None:
    """In a traceback, or wherever else a value is printed."""
    assert "octets" not in repr(File(folder / "file", b"octets"))


def test_writability_is_seen_by_writing(folder: Path) -> None:
    """And nothing is left of that."""
    durable_files.refuse_unwritable(folder)
    with pytest.raises(OSError, match="No such file"):
        durable_files.refuse_unwritable(folder / "none")

    assert names(folder) == set()
