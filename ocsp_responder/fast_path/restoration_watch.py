"""Looks again whether the journals lack revocations, as long as they do: answers are whole again without a restart."""

import asyncio
import logging
import threading

from ocsp_responder.answering.missing_revocations import MissingRevocations
from pki_revocation.errors import StoreError

from .refresh import JournalRefresh

_log = logging.getLogger(__name__)
_EVERY_SECONDS = 1.0


class RestorationWatch:
    """A `Background` with a thread of its own, which ends when nothing is lacking."""

    def __init__(self, missing: MissingRevocations, every: float = _EVERY_SECONDS) -> None:
        """Have *missing* look again *every* so many seconds."""
        self._missing = missing
        self._every = every
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, loop: asyncio.AbstractEventLoop, refresh: JournalRefresh) -> None:  # noqa: ARG002 - the port's
        """Begin, where anything is lacking."""
        if self._missing.any:
            self._thread = threading.Thread(target=self.run, name="restoration", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def run(self) -> None:
        """Look in this thread, until nothing is lacking or it is stopped."""
        while self._missing.any and not self._stop.wait(self._every):
            try:
                self._missing.look_again()
            except StoreError as error:
                _log.debug("the journal cannot be looked at: %s", error)
