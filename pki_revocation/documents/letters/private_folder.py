"""A folder for files that hold secrets: its owner's alone, written whole or not at all, by one run at a time.

A file is drafted first, under a name that is not looked for and no other file has; only `published` gives it the
name that it is found by, and until then no file of that name is touched.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from pki_revocation.errors import PkiError
from pki_revocation.host import durable_files
from pki_revocation.host.folder_lock import FolderHeld, FolderLock

_UNFINISHED = ".part"


class FolderInUse(PkiError):
    """Another run writes there at this moment."""


class PrivateFolder:
    """Holds the folder from entering to leaving; drafts that were not published are removed.

    That happens at the end, and at the start with what a killed run left.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is made or opened yet."""
        self.path = path
        self._lock = FolderLock(path)

    def __enter__(self) -> Self:
        """Make the folder where it is missing, and hold it.

        Raises:
            FolderInUse: when another run holds it.
        """
        durable_files.make_folder(self.path)
        try:
            self._lock.acquire()
        except FolderHeld:
            raise FolderInUse(f"Another run is writing in {self.path}: wait until it has ended.") from None
        self._take_drafts_away()
        return self

    def __exit__(self, *exception: object) -> None:
        """Remove drafts, and let go of the lock on the folder."""
        try:
            self._take_drafts_away()
        finally:
            self._lock.release()

    def draft(self, content: bytes) -> Path:
        """Bring a file's content to disk, under a name of its own."""
        return self.draft_of([content])

    def draft_of(self, pieces: Iterable[bytes], *, mode: int = durable_files.PRIVATE) -> Path:
        """A draft of content that comes piece by piece, or that is no secret (*mode*); gives its path."""
        draft = self.path / f".{secrets.token_hex(8)}{_UNFINISHED}"
        durable_files.write_draft(draft, pieces, mode=mode)
        return draft

    @contextmanager
    def published(self, drafts: Mapping[str, Path]) -> Iterator[None]:
        """The drafts have these names, safe on disk, in the block; when it fails, they are removed again.

        What had one of the names before is replaced, and gone for good.
        """
        published = []
        try:
            for name, draft in drafts.items():
                # All names go to disk at once: none counts before the block that follows, and a failure removes all.
                draft.replace(self.path / name)
                published.append(name)
            self.settle()
            yield
        except BaseException:
            for name in published:
                (self.path / name).unlink(missing_ok=True)
            raise

    def settle(self) -> None:
        """Bring the names to disk: those given before survive a power cut."""
        durable_files.sync_folder(self.path)

    def _take_drafts_away(self) -> None:
        for draft in self.path.glob(f".*{_UNFINISHED}"):
            draft.unlink(missing_ok=True)
