"""Receipts are set one at a time in each process, and kept for a moment: a flood on them never slows revocations.

Setting one costs as much CPU as checking several codes. Gathering its evidence asks two services that may be slow, and
holds up no other receipt. A second click on the one that is being made waits for it; few may wait, because each holds a
thread.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from pki_revocation.clock import Clock
from pki_revocation.errors import PkiError
from pki_revocation.subscribers.languages import Language

E = TypeVar("E")
# The issuer, the journal's row and the language.
ReceiptKey = tuple[int, int, Language]
# One that is being made, and two that wait: each holds a thread of the process's.
_MOST_IN_HAND = 3
_MOST_KEPT = 8
_KEPT = timedelta(minutes=1)
# What lacks now may be there in seconds: the CRL with the revocation usually is.
_KEPT_INCOMPLETE = timedelta(seconds=5)
_RETRY_AFTER = 5


class ReceiptsBusy(PkiError):
    """Too many receipts are asked for at once; *retry_after* seconds until it is worth asking again."""

    retry_after = _RETRY_AFTER

    def __init__(self) -> None:
        super().__init__("Too many receipts are asked for at once: ask again in a few seconds.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedReceipt:
    """The document, and whether all proof is in it that there will be."""

    pdf: bytes = field(repr=False)
    complete: bool


@dataclass(slots=True)
class _Turn:
    """The lock of one receipt, held by the request that makes it, and how many requests want that receipt."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: int = 0


class ReceiptLimiter:
    """Gives receipts, kept or made; shared by all threads of a process."""

    def __init__(self, clock: Clock) -> None:
        """*clock* tells when one was kept long enough."""
        self._clock = clock
        self._in_hand = threading.BoundedSemaphore(_MOST_IN_HAND)
        self._making = threading.Lock()
        self._turning = threading.Lock()
        self._turns: dict[ReceiptKey, _Turn] = {}
        self._kept: dict[ReceiptKey, tuple[datetime, bytes]] = {}

    def render(self, key: ReceiptKey, gather: Callable[[], E], make: Callable[[E], RenderedReceipt]) -> bytes:
        """The receipt as it was made a moment ago, or else made now.

        Args:
            key: which receipt.
            gather: gives its evidence; it may wait for a slow service, and holds up this receipt alone.
            make: sets the document; one at a time, because it takes the processor.

        Raises:
            ReceiptsBusy: when enough others wait already; nothing was made.
        """
        found = self._lookup(key)
        if found is not None:
            return found
        if not self._in_hand.acquire(blocking=False):
            raise ReceiptsBusy
        try:
            with self._turn(key):
                found = self._lookup(key)
                if found is not None:
                    return found
                evidence = gather()
                with self._making:
                    return self._keep(key, make(evidence))
        finally:
            self._in_hand.release()

    @contextmanager
    def _turn(self, key: ReceiptKey) -> Iterator[None]:
        """A second click on the same receipt waits for the first."""
        with self._turning:
            turn = self._turns.setdefault(key, _Turn())
            turn.wanted += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._turning:
                turn.wanted -= 1
                if not turn.wanted:
                    del self._turns[key]

    def _lookup(self, key: ReceiptKey) -> bytes | None:
        until, pdf = self._kept.get(key, (None, None))
        return pdf if until is not None and self._clock.now() < until else None

    def _keep(self, key: ReceiptKey, made: RenderedReceipt) -> bytes:
        """Keep a receipt's PDF for its time, the oldest making room; to be called with the lock held."""
        self._kept.pop(key, None)
        while len(self._kept) >= _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = self._clock.now() + (_KEPT if made.complete else _KEPT_INCOMPLETE), made.pdf
        return made.pdf
