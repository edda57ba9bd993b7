"""One item of many, such as a mail or a file, that fails: it waits longer each time, and holds up no other item.

for file in folder.files():
    if failures.is_due(file.name):
        with failures.attempt(file.name):
            take(file)
failures.keep(file.name for file in folder.files())
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pki_revocation.errors import PkiError, StoreError
from pki_revocation.host.back_off import BackOff
from pki_revocation.host.outage_log import OutageLog

_FIRST_PAUSE_SECONDS = 2.0
# An item may ask a slow server, or a token that counts attempts.
_LONGEST_PAUSE_SECONDS = 300.0


@dataclass(slots=True)
class _Failing:
    """The pauses of an item that fails, and until when it waits."""

    back_off: BackOff
    not_before: float


class ItemFailures:
    """Which items of a job fail; used by the job's thread, and read by readiness."""

    def __init__(
        self,
        log: logging.Logger,
        *,
        failing: str,
        working: str,
        longest: float = _LONGEST_PAUSE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing fails yet.

        Args:
            log: whose lines they are.
            failing: what it means for an item, as 'it cannot be sent now'.
            working: what its end means, as 'it was sent'.
            longest: seconds that an item waits at the most.
            monotonic: gives seconds that never go back.
        """
        self._monotonic = monotonic
        self._longest = longest
        self._failing: dict[str, _Failing] = {}
        self._outages = OutageLog(log, failing=failing, working=working, monotonic=monotonic)

    def is_due(self, item: str) -> bool:
        """Whether it has not failed, or has waited long enough since."""
        failing = self._failing.get(item)
        return failing is None or self._monotonic() >= failing.not_before

    @contextmanager
    def attempt(self, item: str) -> Iterator[None]:
        """Whatever is raised inside is counted as this item's failure, logged, and goes no further.

        Raises:
            StoreError: when the database does not answer: no item can do anything about that.
        """
        try:
            yield
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - the policy: the other items go on whatever this one holds
            failing = self._failing.setdefault(
                item, _Failing(BackOff(first=_FIRST_PAUSE_SECONDS, longest=self._longest), 0.0)
            )
            failing.not_before = self._monotonic() + failing.back_off.failed()
            self._outages.failed(item, error, traceback=not isinstance(error, (PkiError, OSError)))
        else:
            if self._failing.pop(item, None) is not None:
                self._outages.worked(item)

    def keep(self, items: Iterable[str]) -> None:
        """Forget the failures of all other items: they are gone."""
        for gone in self._failing.keys() - set(items):
            del self._failing[gone]
            self._outages.forget(gone)

    def standing(self) -> dict[str, str]:
        """The items that fail now, each with the latest reason as a sentence."""
        return {str(item): sentence for item, sentence in self._outages.standing().items()}
