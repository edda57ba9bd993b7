"""The hashing budget of this process: which attempts have a code checked now, and which wait.

A check with Argon2id holds a core and 19 MiB for some 44 ms. There are as many slots as cores; sources that have failed
lately share a part of them, so that a slot is always kept for those that have not. One source has one slot at a time,
and its failures are counted again inside it: many requests at once win nothing over one after the other.

A source that has never been seen cannot be told from a subscriber; but a flood of such sources comes from whole
networks. So requests of one neighbourhood step back behind others in the queue, each as far as there are of its
neighbours before it, and never for good.
"""

import bisect
import contextlib
import os
import threading
from collections.abc import Iterator

from pki_revocation.errors import TooManyAttempts

from .client_address import ClientAddress

# Of requests that wait, so many of one source, and so many of all sources that have failed: those of others must find
# threads that are free.
WAITING_PER_SOURCE = 4
WAITING_WITH_FAILURES = 8
# So many threads a process has to wait in: each costs a stack alone, and pages are to find some that are free.
THREADS = 128
# So many later requests go before one, for each of the same neighbourhood that waits already.
STEP_BACK = THREADS
# Longer than any queue of the sizes above takes.
TIMEOUT_SECONDS = 10.0
_RETRY_SECONDS = 5


class _Ticket:
    """A request that waits for a slot."""

    __slots__ = ("is_clean", "neighbourhood", "network", "place", "slot")

    def __init__(self, source: ClientAddress, *, is_clean: bool) -> None:
        self.network = source.network
        self.neighbourhood = source.neighbourhood
        self.is_clean = is_clean
        self.place = 0
        # One for each, so that a slot that is granted wakes one thread and not all that wait.
        self.slot = threading.Event()


class HashingQueue:
    """Slots, granted by place in the queue, but for sources that have failed, or that hold one already: those wait."""

    def __init__(self, slots: int | None = None) -> None:
        """*slots* at once; as many as there are cores without it, and two at least, so that one can be kept."""
        self._slots = max(2, slots or os.cpu_count() or 1)
        self._shared_by_failing = max(1, self._slots // 2)
        self._lock = threading.Lock()
        self._queue: list[_Ticket] = []
        self._busy: dict[str, bool] = {}
        self._arrivals = 0

    @contextlib.contextmanager
    def slot(self, source: ClientAddress, *, is_clean: bool) -> Iterator[None]:
        """Wait for a slot and hold it.

        Raises:
            TooManyAttempts: when too many of this source, or of those that have failed, wait already.
        """
        ticket = _Ticket(source, is_clean=is_clean)
        with self._lock:
            self._refuse_overload(ticket)
            self._enqueue(ticket)
            self._grant_slots()
        if not ticket.slot.wait(TIMEOUT_SECONDS) and not is_clean:
            self._give_up(ticket)
        ticket.slot.wait()
        try:
            yield
        finally:
            with self._lock:
                del self._busy[source.network]
                self._grant_slots()

    def _give_up(self, ticket: _Ticket) -> None:
        with self._lock:
            # It may have got its slot in the meantime.
            if not ticket.slot.is_set():
                self._queue.remove(ticket)
                raise TooManyAttempts(_RETRY_SECONDS)

    def _refuse_overload(self, ticket: _Ticket) -> None:
        own = sum(each.network == ticket.network for each in self._queue)
        failing = sum(not each.is_clean for each in self._queue)
        if own >= WAITING_PER_SOURCE or (not ticket.is_clean and failing >= WAITING_WITH_FAILURES):
            raise TooManyAttempts(_RETRY_SECONDS)

    def _enqueue(self, ticket: _Ticket) -> None:
        neighbours = sum(each.neighbourhood == ticket.neighbourhood for each in self._queue)
        self._arrivals += 1
        ticket.place = self._arrivals + STEP_BACK * neighbours
        bisect.insort(self._queue, ticket, key=lambda each: each.place)

    def _grant_slots(self) -> None:
        """Give every free slot to the first ticket in the queue that may have it."""
        while len(self._busy) < self._slots:
            failing = sum(not is_clean for is_clean in self._busy.values())
            for ticket in self._queue:
                if ticket.network in self._busy:
                    continue
                if not ticket.is_clean and failing >= self._shared_by_failing:
                    continue
                break
            else:
                break
            self._queue.remove(ticket)
            self._busy[ticket.network] = ticket.is_clean
            ticket.slot.set()
