"""Temporary folders of this program's own; what a kill leaves of them, the next service that starts removes.

The owner holds its folder with the kernel's lock, which ends with it, however that ends. So what is not locked is
nobody's any more, whatever process has the owner's number since.
"""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .folder_lock import FolderHeld, FolderLock

_PREFIX = "pki-revocation-"
# A folder is there a moment before it is locked.
_YOUNG_SECONDS = 60.0


@contextmanager
def temporary_folder(purpose: str, beside: Path | None = None) -> Iterator[Path]:
    """A new folder of the caller's own (mode 0700), gone with what is in it when the block ends.

    Args:
        purpose: a word for its name, for people who find it.
        beside: the folder that it is made in, where what it holds gets its place there; the system's own without it.

    Raises:
        OSError: when it cannot be made.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{purpose}-", dir=beside))
    try:
        with FolderLock(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned_folders(beside: Path | None = None) -> None:
    """Remove what killed processes of this account have left; what cannot be removed stays, and harms nothing.

    Args:
        beside: where they were made; the system's own folder without it.
    """
    for folder in (beside or Path(tempfile.gettempdir())).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, FolderHeld):
            about = folder.lstat()
            if about.st_uid != os.geteuid() or time.time() - about.st_mtime < _YOUNG_SECONDS or folder.is_symlink():
                continue
            with FolderLock(folder):
                shutil.rmtree(folder, ignore_errors=True)
