"""All connections of one worker: what arrived in one turn of the loop is handled together, the slow are swept out."""

import asyncio
import heapq
import logging
from collections.abc import Callable
from http import HTTPStatus
from operator import attrgetter

from .connection import Connection
from .limits import Limits
from .messages import Exchange
from .refusals import refusal

_log = logging.getLogger(__name__)
_FINISH_POLL_SECONDS = 0.1
# Finding the quietest means looking at all: some are found at once, but only a small part, because others may have come
# that are quieter when the last of them goes.
_EVICTION_MINIMUM, _EVICTION_PART = 64, 8
Handle = Callable[[list[Exchange]], None]


class Server:
    """Serves on sockets that its caller bound.

    *now* is the loop's time as of the last sweep: near enough for limits of seconds, and free. *finishing* says that no
    connection is to take another request.
    """

    def __init__(self, handle: Handle, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        """Give each batch of requests to *handle*, in the loop's thread."""
        self.limits = limits
        self.now = loop.time()
        self.finishing = False
        self._handle = handle
        self._loop = loop
        self._connections: set[Connection] = set()
        self._quietest: list[tuple[float, Connection]] = []
        self._displaced = self._cut_off = 0
        # In the order in which they began to keep something.
        self._keeping: dict[Connection, int] = {}
        self._kept_octets = 0
        self._batch: list[Exchange] = []
        self._sweeping = loop.call_later(limits.sweep_seconds, self._sweep)

    def protocol(self) -> Connection:
        """What the loop calls for each client that it accepts."""
        return Connection(self)

    def connection_opened(self, connection: Connection) -> None:
        """Count a new client; at the limit another one is closed for it, so that slow clients lock no other out."""
        if len(self._connections) >= self.limits.connections:
            self._make_room()
        self._connections.add(connection)

    def connection_closed(self, connection: Connection) -> None:
        """Count a connection no more, nor the octets that it kept."""
        self._connections.discard(connection)
        self._kept_octets -= self._keeping.pop(connection, 0)

    def buffers(self, connection: Connection, octets: int) -> None:
        """Count what a client sent that is not complete yet; beyond the bound, the one that began first is closed."""
        self._kept_octets += octets - self._keeping.get(connection, 0)
        if octets:
            self._keeping[connection] = octets
        else:
            self._keeping.pop(connection, None)
        while self._kept_octets > self.limits.unfinished:
            slowest = next(iter(self._keeping))
            self._kept_octets -= self._keeping.pop(slowest)
            slowest.abort()
            self._cut_off += 1

    def arrived(self, exchange: Exchange) -> None:
        """A request is complete; it is handled when everything that arrived in this turn of the loop has been read."""
        if not self._batch:
            self._loop.call_soon(self._hand_over)
        self._batch.append(exchange)

    async def finish(self, seconds: float) -> None:
        """Take no more requests than have begun to arrive, and let those end, for so long at most."""
        self.finishing = True
        deadline = self._loop.time() + seconds
        while self._connections and self._loop.time() < deadline:
            # What has been sent to us may not have been read yet: nothing is closed in the first moment.
            await asyncio.sleep(_FINISH_POLL_SECONDS)
            for connection in list(self._connections):
                connection.finish()
        self._sweeping.cancel()
        for connection in list(self._connections):
            connection.abort()

    def _hand_over(self) -> None:
        batch, self._batch = self._batch, []
        try:
            self._handle(batch)
        except Exception:  # noqa: BLE001 - an error of ours must not leave clients waiting
            _log.exception("requests could not be handled")
            for exchange in batch:
                if exchange.head is None:
                    exchange.reply(*refusal(HTTPStatus.INTERNAL_SERVER_ERROR))

    def _make_room(self) -> None:
        """Close the one that has had no reply for the longest, among those that the application does not owe one."""
        for _ in range(2):
            while self._quietest:
                replied_at, connection = self._quietest.pop()
                if (
                    connection in self._connections
                    and connection.replied_at == replied_at
                    and not connection.has_pending
                ):
                    # Not waited for: from now on it does not count.
                    self._connections.discard(connection)
                    connection.abort()
                    self._displaced += 1
                    return
            candidates = (each for each in self._connections if not each.has_pending)
            count = min(_EVICTION_MINIMUM, 1 + len(self._connections) // _EVICTION_PART)
            found = heapq.nsmallest(count, candidates, key=attrgetter("replied_at"))
            self._quietest = [(each.replied_at, each) for each in reversed(found)]

    def _sweep(self) -> None:
        self.now = now = self._loop.time()
        for connection in [each for each in self._connections if each.deadline <= now]:
            connection.overdue()
        if self._cut_off:
            _log.warning(
                "requests that were not complete took too much room: the %s slowest were cut off", self._cut_off
            )
            self._cut_off = 0
        if self._displaced:
            _log.warning("%s connections at once: the %s quietest were closed", len(self._connections), self._displaced)
            self._displaced = 0
        self._sweeping = self._loop.call_later(self.limits.sweep_seconds, self._sweep)
