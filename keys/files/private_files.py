"""Reading and writing files that are one account's alone: keys, passphrases and PINs.

What is checked is what was opened, not what a name stood for a moment before. A file that group or others can read is
refused, and so is one that another account could exchange: a symbolic link, a file of another account's, a file in a
folder that others can write to.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO, NamedTuple

from keys.errors import UnusableKey
from pki_revocation.host import durable_files

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ROOT = 0


class FileState(NamedTuple):
    """What a file is compared by: equal for as long as it is the one that was read."""

    device: int
    inode: int
    size: int
    modified: int


class PrivateFile(NamedTuple):
    """What was read, and from which state of the file."""

    content: bytes
    state: FileState


def read_private(path: Path, what: str, *, by_list: bool = False) -> PrivateFile:
    """Read a file that only its owner, which is this account or root, can read or exchange.

    Args:
        path: where it is.
        what: what messages call it, such as `key`.
        by_list: whether an access list may let one more account read it, which shows as the group's permission:
            systemd hands over its credentials so.

    Raises:
        UnusableKey: when it is missing, or open to others.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise UnusableKey(f"The {what} {path} is a symbolic link: name the file itself.") from error
        raise UnusableKey(f"The {what} {path} cannot be read: {error.strerror or error}.") from error
    try:
        found = os.fstat(descriptor)
        _refuse_open_to_others(path, what, found, stat.S_IRWXO | stat.S_IWGRP if by_list else _OTHERS)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read()
    finally:
        os.close(descriptor)
    return PrivateFile(content, FileState(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns))


def write_new(path: Path, content: bytes, what: str) -> None:
    """Write a file that is its owner's alone; one that is there already stays, and a new one is never half written.

    Raises:
        UnusableKey: when there is one, or it cannot be written.
    """
    try:
        durable_files.create(path, content)
    except FileExistsError as error:
        raise UnusableKey(f"The {what} {path} exists already: keys are never overwritten.") from error
    except OSError as error:
        raise UnusableKey(f"The {what} {path} cannot be written: {error.strerror or error}.") from error


def replace(path: Path, content: bytes, what: str) -> None:
    """Put a file in the place of one that is there, with its owner: at every moment one of the two is there, whole.

    Raises:
        UnusableKey: when it cannot be written; the old one stays.
    """
    try:
        old = path.stat()
        is_own = (old.st_uid, old.st_gid) == (os.geteuid(), os.getegid())
        durable_files.write(path, content, owner=None if is_own else (old.st_uid, old.st_gid))
    except OSError as error:
        raise UnusableKey(f"The {what} {path} cannot be replaced: {error.strerror or error}.") from error


def write_new_file(path: Path, data: bytes) -> None:
    """Write a file that is carried away and holds no secret: a request, a public key.

    Raises:
        UnusableKey: when there is one, or it cannot be written.
    """
    try:
        durable_files.create(path, data, mode=durable_files.BY_UMASK)
    except FileExistsError as error:
        raise UnusableKey(f"{path} exists already: name a new file.") from error
    except OSError as error:
        raise UnusableKey(f"{path} cannot be written: {error.strerror or error}.") from error


def overwrite(file: BinaryIO) -> None:
    """Put zeros over a file's octets, on disk; *file* is open for reading and writing.

    The one file that is written in its place: a copy with zeros would leave the old octets where they are. What took
    its name, or its name away, must be on disk before this.
    """
    file.seek(0)
    file.write(bytes(os.fstat(file.fileno()).st_size))
    file.flush()
    os.fsync(file.fileno())


def _refuse_open_to_others(path: Path, what: str, found: os.stat_result, forbidden: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UnusableKey(f"The {what} {path} is no ordinary file.")
    if found.st_mode & forbidden:
        raise UnusableKey(f"The {what} {path} can be read by others than its owner: run 'chmod 600 {path}'.")
    account = os.geteuid()
    # Root can read any file, and inspects the keys of the accounts that use them.
    if account not in {_ROOT, found.st_uid} and found.st_uid != _ROOT:
        raise UnusableKey(f"The {what} {path} belongs to another account: run 'chown' to make it this one's.")
    folder = path.parent.stat()
    if folder.st_mode & _OTHERS_WRITE and not folder.st_mode & stat.S_ISVTX:
        raise UnusableKey(f"The {what} {path} is in a folder that others can write to: run 'chmod go-w {path.parent}'.")
