"""A folder that one process at a time works in.

The lock is the kernel's (flock): it ends with the process that has it, however that ends, so that no stale lock is
ever left and none has to be cleared. It binds processes that ask for it, and no other: a program that only puts a file
there need not know of it.
"""

import fcntl
import os
from pathlib import Path
from typing import Self

from pki_revocation.errors import PkiError


class FolderHeld(PkiError):
    """Another process holds the folder; callers say what it is doing there."""


class FolderLock:
    """Holds a folder, from entering to leaving, against every other holder.

        with FolderLock(installation.path("letters")):
            ...

    A second one is refused wherever it is, in the same thread too. A child that is forked holds it as well, and a
    program that is started does not.
    """

    def __init__(self, path: Path, file: str | None = None) -> None:
        """Nothing is opened yet.

        Args:
            path: the folder, which must be there when it is taken.
            file: a file in it that is locked in its place, and made where it is missing. NFS locks only what is open
                for writing, which a folder never is; without *file*, only a folder on this machine's disks will do.
        """
        self.path = path
        self._file = file
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Lock the folder, or refuse, as `acquire` does."""
        self.acquire()
        return self

    def __exit__(self, *exception: object) -> None:
        """Let go of the lock, whatever happened in the block."""
        self.release()

    def acquire(self) -> None:
        """Take it at once or not at all.

        Raises:
            FolderHeld: when another one holds it.
            OSError: when it cannot be opened or locked.
        """
        if self._file is None:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        else:
            descriptor = os.open(self.path / self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                raise FolderHeld(f"Another process holds {self.path}.") from None
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go of the lock, if it is held."""
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)
