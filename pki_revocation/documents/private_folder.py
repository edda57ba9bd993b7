"""A folder for files that hold secrets: its owner's alone, written whole or not at all, by one run at a time."""

import fcntl
import os
from pathlib import Path
from typing import Self

from pki_revocation.errors import PkiError

_UNFINISHED = ".part"


class FolderInUse(PkiError):
    """Another run writes there at this moment."""


class PrivateFolder:
    """Holds the folder from entering to leaving; what an earlier run left unfinished is taken away at the start."""

    def __init__(self, path: Path) -> None:
        """Nothing is made or opened yet."""
        self.path = path
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Make the folder where it is missing, and hold it.

        Raises:
            FolderInUse: when another run holds it.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise FolderInUse(f"Another run is writing in {self.path}: wait until it has ended.") from None
        for unfinished in self.path.glob(f".*{_UNFINISHED}"):
            unfinished.unlink()
        return self

    def __exit__(self, *exception: object) -> None:
        """Let it go."""
        os.close(self._descriptor)

    def write(self, name: str, content: bytes) -> None:
        """Put a file there, whole; it is safe on disk once `settle` has returned."""
        unfinished = self.path / f".{name}{_UNFINISHED}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path / name)

    def remove(self, name: str) -> None:
        """Take a file away again."""
        (self.path / name).unlink(missing_ok=True)

    def settle(self) -> None:
        """Bring the names to disk: what was written before survives a power cut."""
        os.fsync(self._descriptor)
