"""What fails is said in the log once, again after a while, and once more when it is over, however often it fails.

Requests come by the thousand in a second, services look twice a second, and so would the lines come. What comes and
goes is one outage: it is over when it works and has not failed for a while.
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from pki_revocation.errors import PkiError

AGAIN_SECONDS = 3600.0
# An outage whose sentence changes each time must not evade the rule by that.
_SENTENCES = 4


@dataclass(slots=True)
class _Outage:
    """Since when, how often, when last; and what was said of it since it was said in full."""

    since: float
    said_at: float
    latest: float
    failures: int = 0
    sentence: str = ""
    said: set[str] = field(default_factory=set)


class OutageLog:
    """What is failing now, by whatever tells one failure from another; may be used by many threads.

    Where that is a text, the lines name it. *failing* and *working* say what it means, as 'no CRL can be published now'
    and 'CRLs are published again'.
    """

    def __init__(
        self,
        log: logging.Logger,
        *,
        failing: str,
        working: str,
        again: float = AGAIN_SECONDS,
        quiet: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing fails yet.

        Args:
            log: whose lines they are.
            failing: begins the lines of failures.
            working: begins the line that says that it is over.
            again: seconds after which what still fails is said again.
            quiet: seconds without a failure before something that works ends an outage.
            monotonic: gives seconds that never go back.
        """
        self._log = log
        self._failing_words = failing
        self._working_words = working
        self._again = again
        self._quiet = quiet
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._outages: dict[Hashable, _Outage] = {}

    def failed(self, what: Hashable, error: Exception | str, *, traceback: bool = False) -> None:
        """Count a failure, and say it where that is due: the first one, another reason, and now and then the same.

        Args:
            what: tells one outage from another.
            error: the reason, as a sentence or to be put `in_words`.
            traceback: of *error*, with each line that is said.
        """
        sentence = error if isinstance(error, str) else in_words(error)
        now = self._monotonic()
        with self._lock:
            outage = self._outages.setdefault(what, _Outage(now, now, now))
            outage.failures += 1
            outage.latest = now
            outage.sentence = sentence
            is_again = now - outage.said_at >= self._again
            if is_again:
                outage.said.clear()
                outage.said_at = now
            if sentence in outage.said or len(outage.said) >= _SENTENCES:
                return
            outage.said.add(sentence)
            how_often = f" ({outage.failures} times in {now - outage.since:.0f} s)" if is_again else ""
        self._log.error(
            "%s%s%s: %s",
            _label(what),
            self._failing_words,
            how_often,
            sentence,
            exc_info=error if traceback and isinstance(error, Exception) else None,
        )

    def worked(self, what: Hashable) -> None:
        """Note that *what* works; if that ends an outage, the log says so."""
        # Read without the lock: this is called for each request that is answered.
        if what not in self._outages:
            return
        now = self._monotonic()
        with self._lock:
            outage = self._outages.get(what)
            if outage is None or now - outage.latest < self._quiet:
                return
            del self._outages[what]
        self._log.warning(
            "%s%s: it failed %d times in %.0f s",
            _label(what),
            self._working_words,
            outage.failures,
            outage.latest - outage.since,
        )

    def forget(self, what: Hashable) -> None:
        """Drop *what* without a line in the log: it is gone, and neither works nor fails."""
        with self._lock:
            self._outages.pop(what, None)

    def standing(self) -> dict[Hashable, str]:
        """What fails now, each with the latest reason as a sentence."""
        with self._lock:
            return {what: outage.sentence for what, outage in self._outages.items()}


def in_words(error: BaseException) -> str:
    """An error as a sentence for operators; of an unexpected one only its kind, because its text may hold anything."""
    match error:
        case PkiError():
            return str(error)
        case OSError(strerror=str()):
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{error.strerror}."
        case _:
            return f"An unexpected error ({type(error).__name__}): see the log."


def _label(what: Hashable) -> str:
    return f"{what}: " if isinstance(what, str) and what else ""
