"""The demo's folder: whose it is, whether it was finished, and that one demo at a time runs on it.

Everything hangs on one marker file, which is also the lock: the kernel lets go of it when the process ends, however it
ends, so that no stale lock is ever left.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from pki_revocation.errors import PkiError

MARKER = "demo-state.json"


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
        """Take the folder.

        Raises:
            DemoRefused: when it cannot be made or written, holds something else, or another demo runs on it.
        """
        self.path = path
        self._descriptor = self._open()

    @property
    def state(self) -> DemoState | None:
        """What was made here, or None for a new folder.

        Raises:
            DemoRefused: when it was not finished, or the marker cannot be read.
        """
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        text = os.read(self._descriptor, 65536)
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
        """Record what is being made, or has been."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps(asdict(state)).encode(), 0)
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Let the folder go."""
        os.close(self._descriptor)

    def _open(self) -> int:
        marker = self.path / MARKER
        try:
            if not marker.exists() and self.path.exists() and any(self.path.iterdir()):
                raise DemoRefused(
                    f"The folder {self.path} holds something that no demo made: name another one with --directory."
                )
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(marker, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            reason = error.strerror or error
            raise DemoRefused(
                f"The folder {self.path} cannot be used ({reason}): name one that can be written with --directory."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise DemoRefused(f"A demo is running on {self.path} already: end it, or name another folder.") from None
        return descriptor
