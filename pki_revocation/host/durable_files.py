"""Files that are there whole or not at all, whatever ends the writing: an error, a full disk, a kill, a power cut.

Each goes to disk in the same four steps:

1. a draft in the same folder, under a hidden name that no other file has. It has its permission and its owner before
   its first octet, so that at no moment more accounts can read it than the finished file;
2. fsync of the draft: a name must never be on disk before the content that it stands for;
3. the draft gets its name: by a rename, which replaces what has the name, or by a link, which never does;
4. fsync of the folder: until then the name itself may be lost in a power cut.

When any of it fails, the draft is removed, and what had the name is untouched; of a process that was killed it
stays, and `clear_abandoned` removes it. Only a failure in step 4 comes too late for that: the new file is there, and
whether it would survive a power cut is unknown. Nothing is ever appended to and no fsync is tried twice, because after
a failed one the kernel may have dropped what it could not write.

    write(folder / "receipt.pdf", document, mode=0o640)  # replaces an older one
    create(folder / "issuing.key", pem)  # FileExistsError where there is one
    write_all(File(key, pem), File(certificate, chain, mode=BY_UMASK))  # both are on disk before either has its name
    with drafted(File(dump, pieces)) as draft:  # to be checked before it gets its name, or not
        check(draft)
        move(draft, dump)

What has a name is replaced, and not written through: where it is a symbolic link, the link goes and its target stays.
A content is octets, or pieces of them that come one by one, so that a large one need not be in memory. All raise the
operating system's own `OSError`; callers know what the file was for, and say it in their own words. Nothing is kept
between two calls: threads and processes may write beside and against each other, and the last one to rename wins.
"""

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .failpoints import reach
from .processes import boot, lives, place

# Permissions: a secret's, and those of a file that is nothing special.
PRIVATE = 0o600
BY_UMASK = None

Content = bytes | Iterable[bytes]

_LONGEST_NAME = 120
_TOKEN_OCTETS = 8
_DRAFT = re.compile(r"\..*\.(?P<place>[0-9a-f]{16})\.(?P<process>[0-9]+)\.[0-9a-f]+\.tmp", re.DOTALL)
# A writer that lives on another machine needs less for the largest of files.
_OLD_SECONDS = 3600.0
# What link(2) says where the file system has none: FAT on a stick, some network drives.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})


@dataclass(frozen=True, slots=True)
class File:
    """A file to be written.

    Attributes:
        path: its name; the folder exists.
        content: all of it, or the pieces one by one; they are gone through once.
        mode: its permission bits, whatever the umask is; as the umask says for `BY_UMASK`.
        owner: user and group by number, where they are not this process's own: takes root.
    """

    path: Path
    # Not shown: it may be a key.
    content: Content = field(repr=False)
    mode: int | None = PRIVATE
    owner: tuple[int, int] | None = None


def write(path: Path, content: Content, *, mode: int | None = PRIVATE, owner: tuple[int, int] | None = None) -> None:
    """Write a file, and replace what has its name; arguments as for `File`.

    Raises:
        OSError: when it cannot be written.
    """
    write_all(File(path, content, mode, owner))


def write_all(*files: File) -> None:
    """Write several: all are on disk as drafts before the first is named, so that a full disk leaves all as they were.

    They get their names in this order, each on disk before the next. A power cut in between leaves the first ones new
    and the others old, and never a later one new with an earlier one old: the file that vouches for others comes last.

    Raises:
        OSError: when one cannot be written.
    """
    with contextlib.ExitStack() as drafts:
        for draft, path in [(drafts.enter_context(drafted(file)), file.path) for file in files]:
            move(draft, path)


def create(path: Path, content: Content, *, mode: int | None = PRIVATE, owner: tuple[int, int] | None = None) -> None:
    """Write a file where there is none; arguments as for `File`. Of several writers at once, one succeeds.

    Raises:
        FileExistsError: when something has the name already; it is untouched.
        OSError: when it cannot be written.
    """
    with drafted(File(path, content, mode, owner)) as draft:
        _name_new(draft, path)
        reach("file.named")
    # After the draft is gone, so that both changes of the folder go to disk at once.
    sync_folder(path.parent)


@contextlib.contextmanager
def drafted(file: File) -> Iterator[Path]:
    """The file as a draft, whole and on disk; what is still a draft when the block ends is removed.

    `move` gives it its name. Most callers want `write`, `write_all` or `create`.

    Raises:
        OSError: when it cannot be written.
    """
    draft = file.path.with_name(_draft_name(file.path.name))
    try:
        write_draft(draft, file.content, mode=file.mode, owner=file.owner)
        reach("file.drafted")
        yield draft
    finally:
        # What went wrong before is what the caller must hear of.
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def write_draft(
    path: Path, content: Content, *, mode: int | None = PRIVATE, owner: tuple[int, int] | None = None
) -> None:
    """Write a draft under a name of the caller's own, who also moves or removes it; arguments as for `File`.

    Its content is on disk afterwards. Its name may not be, which is no loss: `move` sees to the name that counts.

    Raises:
        FileExistsError: when something has the name already; it is untouched.
        OSError: when it cannot be written; nothing is left of it.
    """
    # Its owner's alone until user and group are set: a group that is not meant could open it in between.
    first = 0o666 if mode is None else mode & stat.S_IRWXU
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, first)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if owner is not None:
                os.fchown(descriptor, *owner)
            if mode is not None:
                os.fchmod(descriptor, mode)
            # A large content goes to the kernel from the caller's buffer: no copy is made of it.
            stream.writelines([content] if isinstance(content, bytes) else content)
            stream.flush()
            os.fsync(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def move(source: Path, target: Path) -> None:
    """Give a file another name, or another folder of the same file system; what has the name is replaced.

    After a power cut it has one of the two names, or, between two folders, perhaps both.

    Raises:
        OSError: when it cannot be renamed; nothing has changed.
    """
    source.replace(target)
    reach("file.named")
    sync_folder(target.parent)
    # Second, so that it is never in neither.
    if source.parent != target.parent:
        sync_folder(source.parent)


def remove(*paths: Path) -> None:
    """Remove files so that they do not come back in a power cut; those that are gone already are no error.

    Raises:
        OSError: when one cannot be removed; those before it are gone.
    """
    for path in paths:
        path.unlink(missing_ok=True)
    reach("file.removed")
    for folder in dict.fromkeys(path.parent for path in paths):
        sync_folder(folder)


def make_folder(path: Path, mode: int = 0o700) -> None:
    """Make a folder, and those above it, where they are missing; a file is found again only when every one of them is.

    Args:
        path: where.
        mode: of the folder itself, less what the umask takes; those above it get what the umask leaves.

    Raises:
        OSError: when it cannot be made, or something else has the name.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    for each in reversed(missing):
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to disk: those given and those removed.

    Raises:
        OSError: when that fails.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        # A folder to drop files into, which we may not list: all file systems go to disk instead, which takes longer.
        os.sync()
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        # So say file systems for which a folder has nothing to bring to disk, such as some network drives.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def refuse_unwritable(folder: Path) -> None:
    """See that a file can be written there, by writing an empty one and removing it.

    Raises:
        OSError: when it cannot.
    """
    with drafted(File(folder / "probe", b"")):
        pass


def clear_abandoned(written: Path) -> None:
    """Remove the drafts that killed writers left in a folder: of dead processes of this machine, and old ones.

    On a shared folder, another machine's or container's process ids say nothing here; its drafts go when they are an
    hour old. The folder's every name is read.

    Args:
        written: a file that was written or renamed there just now: age is measured against the moment at which its
            status changed, so that it is the file system's own time on both sides.

    Raises:
        OSError: when the folder cannot be read, or a draft not removed.
    """
    here, now = _here(), written.stat().st_ctime
    for leftover in written.parent.glob(".*.tmp"):
        draft = _DRAFT.fullmatch(leftover.name)
        if draft is None:
            continue
        is_dead = draft["place"] == here and not lives(int(draft["process"]))
        with contextlib.suppress(FileNotFoundError):
            if is_dead or leftover.stat().st_mtime < now - _OLD_SECONDS:
                leftover.unlink()


def is_draft(path: Path) -> bool:
    """Whether a name is a draft's, which counts for nothing: of a writer that is at work, or was killed."""
    return _DRAFT.fullmatch(path.name) is not None


def _name_new(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # The name is taken by an empty file first, which is then replaced: only a kill between the two leaves that.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
        try:
            draft.replace(path)
        except BaseException:
            path.unlink()
            raise


def _draft_name(name: str) -> str:
    """Hidden, with whose it is: no name is longer than 255 octets, so that a long one is cut."""
    short = os.fsdecode(os.fsencode(name)[:_LONGEST_NAME])
    return f".{short}.{_here()}.{os.getpid()}.{secrets.token_hex(_TOKEN_OCTETS)}.tmp"


def _here() -> str:
    """Where this process runs, as a part of a file's name."""
    return hashlib.sha256(f"{place()}/{boot()}".encode()).hexdigest()[:16]
