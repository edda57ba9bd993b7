"""The watched folder: which files in it are whole, and where they go when they were read.

A writer that can should write under a name with a full stop before it and rename the file when it is whole. Of all
others, a file counts as whole when it has not changed for a while.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pki_revocation.errors import PkiError
from pki_revocation.host import durable_files
from pki_revocation.host.folder_lock import FolderHeld, FolderLock

DONE = "done"
REFUSED = "refused"
# What programs call a file that they have not finished.
_UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload")


class FolderWatched(PkiError):
    """Another process takes the files of this folder."""


@dataclass(frozen=True, slots=True)
class FileObservation:
    """A file's inode, size and time of change at one moment: a change of any of these is a change of the file."""

    inode: int
    size: int
    changed_ns: int


class WatchedFolder:
    """The folder that certificates arrive in, locked by one process from entering to leaving."""

    def __init__(self, path: Path) -> None:
        """Nothing is made or opened yet."""
        self.path = path
        self._lock = FolderLock(path)

    def __enter__(self) -> Self:
        """Make the folder and the two in it where they are missing, and hold it.

        Raises:
            FolderWatched: when another process holds it.
        """
        for each in (self.path, self.path / DONE, self.path / REFUSED):
            durable_files.make_folder(each)
        try:
            self._lock.acquire()
        except FolderHeld:
            raise FolderWatched(f"Another process takes the files of {self.path}: one is enough.") from None
        return self

    def __exit__(self, *exception: object) -> None:
        """Release the lock on the folder."""
        self._lock.release()

    def files(self) -> Iterator[tuple[Path, FileObservation]]:
        """The files to be taken, by name; links, folders and files under a name for unfinished ones are left alone."""
        with os.scandir(self.path) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            name = entry.name.lower()
            if name.startswith(".") or name.endswith(_UNFINISHED) or not entry.is_file(follow_symlinks=False):
                continue
            if (observed := self.observe(Path(entry.path))) is not None:
                yield Path(entry.path), observed

    def observe(self, path: Path) -> FileObservation | None:
        """What a file is like now; None when it is gone."""
        try:
            status = path.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        return FileObservation(status.st_ino, status.st_size, status.st_mtime_ns)

    def done(self, path: Path) -> None:
        """Move a file that was taken into the folder of those done."""
        durable_files.move(path, _free(self.path / DONE, path.name))

    def refuse(self, path: Path, sentences: str) -> None:
        """Move a file into the folder of those refused; the sentences that say why are there first."""
        target = _free(self.path / REFUSED, path.name)
        why = target.with_name(f"{target.name}.txt")
        durable_files.create(why, sentences.encode(errors="backslashreplace"), mode=durable_files.BY_UMASK)
        durable_files.move(path, target)


def _free(folder: Path, name: str) -> Path:
    """A path in *folder* that is free, with its sentences' path: nothing that was moved before is replaced."""
    candidate, number = folder / name, 2
    while os.path.lexists(candidate) or os.path.lexists(f"{candidate}.txt"):
        candidate, number = folder / f"{number}-{name}", number + 1
    return candidate
