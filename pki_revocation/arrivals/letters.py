"""The letters of what arrived, whichever way it came in: made where the installation names a folder for them."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pki_revocation.errors import PkiError

if TYPE_CHECKING:
    from pki_revocation.documents.letters.maker import LetterMaker

_log = logging.getLogger(__name__)
# Two issuers' imports may be committed in another order than their rows were numbered in: now and then all are looked
# at, whatever the newest row is.
_EVERYTHING_SECONDS = 300.0


class ArrivalLetters:
    """Makes what is waiting when something arrived; without a folder, nothing."""

    def __init__(self, maker: "LetterMaker | None", folder: Path, monotonic: Callable[[], float]) -> None:
        """*monotonic* gives seconds."""
        self._maker = maker
        self._folder = folder
        self._monotonic = monotonic
        self._newest = 0
        self._looked_at = float("-inf")
        self._told: set[str] = set()

    def make(self) -> int:
        """Make what is waiting; give how many letters were made.

        Raises:
            FolderInUse: when another run makes letters there.
            StoreError: when the database does not answer.
        """
        if self._maker is None:
            return 0
        newest, now = self._maker.newest(), self._monotonic()
        if newest == self._newest and now - self._looked_at < _EVERYTHING_SECONDS:
            return 0
        is_due = self._maker.waiting() or self._maker.is_unfinished(self._folder)
        report = self._maker.make_all(self._folder) if is_due else None
        # Only now: what failed on the way is tried again.
        self._newest, self._looked_at = newest, now
        if report is None:
            return 0
        if report.made:
            _log.info("letters made: %s", report.made)
        for refused in report.refused:
            if refused.number not in self._told:
                self._told.add(refused.number)
                _log.error("no letter: %s", refused.reason)
        return report.made


class NoLetters:
    """In the place of letters that must not be made."""

    def __init__(self, why: PkiError) -> None:
        """*why* is said each time that letters would be made."""
        self._why = why

    def make(self) -> int:
        """Make none.

        Raises:
            PkiError: always.
        """
        raise self._why
