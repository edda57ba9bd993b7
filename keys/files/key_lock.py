"""A process that signs with a key of a folder holds it, and a key that is held is not destroyed.

A hold is a shared lock (flock) on the certificate's file, so the kernel keeps the account of it: it ends with the
process that has it, however that ends, and a process that is stuck keeps what it may yet sign with. It is no
`FolderLock`, because many hold a key together, and each key of a folder is held for itself.
"""

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keys.errors import UnusableKey


class KeyLock:
    """A shared lock, for as long as this object lives; what signs keeps it, so that it ends with the last answer."""

    def __init__(self, descriptor: int) -> None:
        """Close *descriptor*, which is of the locked file, when this object is referred to no more."""
        self._finalizer = weakref.finalize(self, os.close, descriptor)


def shared_lock(certificate: Path) -> KeyLock | None:
    """Lock the key that has its certificate in this file; None where it is being destroyed, or is gone.

    Raises:
        UnusableKey: when the file cannot be opened or locked.
    """
    descriptor = _opened(certificate, os.O_RDONLY)
    if descriptor is None:
        return None
    made = KeyLock(descriptor)
    # 1. The lock, without waiting: where it is refused, the key is just being destroyed and is none any more.
    # 2. Then the name once more. Between opening and locking, the file may have been destroyed and another one renamed
    #    to its name: the lock would be on a file that nothing refers to, and would keep nothing. Destroying renames
    #    under the exclusive lock, so that what the name stands for cannot change from here on.
    return made if _locked(certificate, descriptor, fcntl.LOCK_SH) and _is(certificate, descriptor) else None


@contextmanager
def exclusive_lock(certificate: Path) -> Iterator[bool]:
    """Give whether no process has the key locked; while this lasts, none can lock it.

    Raises:
        UnusableKey: when the file cannot be opened or locked.
    """
    # For writing, because NFS wants that of an exclusive lock; elsewhere reading will do, where root wrote the file.
    writable = os.access(certificate, os.W_OK)
    descriptor = _opened(certificate, os.O_RDWR if writable else os.O_RDONLY)
    if descriptor is None:
        yield True
        return
    try:
        yield _locked(certificate, descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


def _opened(path: Path, how: int) -> int | None:
    try:
        return os.open(path, how | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableKey(f"The certificate {path} cannot be opened: {error.strerror or error}.") from error


def _locked(path: Path, descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise UnusableKey(f"The certificate {path} cannot be locked: {error.strerror or error}.") from error
    return True


def _is(path: Path, descriptor: int) -> bool:
    """Whether the name still stands for what was locked: it is renamed under the other lock."""
    try:
        named = path.stat()
    except OSError:
        return False
    found = os.fstat(descriptor)
    return (named.st_dev, named.st_ino) == (found.st_dev, found.st_ino)
