"""The demo's folder: whose it is, whether it was finished, and that one demo at a time runs on it.

A marker file says what was made; without one the folder is new, and must be empty.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pki_revocation.errors import PkiError
from pki_revocation.host import durable_files
from pki_revocation.host.folder_lock import FolderHeld, FolderLock

MARKER = "demo-state.json"
# A file, so that a demo runs where the home folders are on NFS.
_LOCK = ".lock"


class DemoRefused(PkiError):
    """The demo cannot use this folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoState:
    """What the demo was made with; the certificates name its ports, so they never change."""

    finished: bool
    certificates: int
    key_type: str
    port_base: int


class DemoFolder:
    """A folder that is the demo's own, locked while this object is open."""

    def __init__(self, path: Path) -> None:
        """Lock *path* for this demo, and make it where it is missing.

        Raises:
            DemoRefused: when it cannot be made or written, holds something else, or another demo runs on it.
        """
        self.path = path
        self._lock = FolderLock(path, _LOCK)
        self._take()

    @property
    def state(self) -> DemoState | None:
        """What the demo in this folder was made with, or None for a new folder.

        Raises:
            DemoRefused: when it was not finished, or the marker cannot be read.
        """
        marker = self.path / MARKER
        text = marker.read_text("utf-8", errors="replace") if marker.exists() else ""
        if not text:
            return None
        try:
            state = DemoState(**json.loads(text))
        except (ValueError, TypeError):
            state = DemoState(finished=False, certificates=0, key_type="", port_base=0)
        if not state.finished:
            raise DemoRefused(
                f"The demo in {self.path} was begun and not finished: "
                f"remove it with 'rm -r {self.path}', and start again."
            )
        return state

    def write(self, state: DemoState) -> None:
        """Write the marker: what is being made, or has been."""
        durable_files.write(self.path / MARKER, json.dumps(asdict(state)).encode())

    def close(self) -> None:
        """Release the lock on the folder."""
        self._lock.release()

    def _take(self) -> None:
        try:
            # Before the lock's file is made in it: a folder of something else stays as it is.
            if self.path.exists() and not (self.path / MARKER).exists():
                self._refuse_foreign()
            durable_files.make_folder(self.path)
            durable_files.refuse_unwritable(self.path)
            self._lock.acquire()
        except OSError as error:
            reason = error.strerror or error
            raise DemoRefused(
                f"The folder {self.path} cannot be used ({reason}): name one that can be written with --directory."
            ) from error
        except FolderHeld:
            raise DemoRefused(f"A demo is running on {self.path} already: end it, or name another folder.") from None

    def _refuse_foreign(self) -> None:
        # A demo that begins has its lock there, and a draft. No other hidden file: a demo that fails removes all.
        if not all(each.name == _LOCK or durable_files.is_draft(each) for each in self.path.iterdir()):
            raise DemoRefused(
                f"The folder {self.path} holds something that no demo made: name another one with --directory."
            )
