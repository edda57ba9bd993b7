"""All connections of one worker: what arrived in one turn of the loop is handled together, the slow are swept out."""

import asyncio
import contextlib
import heapq
import logging
from collections.abc import Callable
from operator import attrgetter

from .connection import Connection
from .limits import Limits
from .messages import Exchange

_log = logging.getLogger(__name__)
_SWEEP_SECONDS = 1.0
# At the limit so many go at once, because finding the quietest means looking at all.
_MAKING_ROOM = 64
Handle = Callable[[list[Exchange]], None]


class Server:
    """Serves on sockets that somebody else bound."""

    def __init__(self, handle: Handle, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        """Give each batch of requests to *handle*, in the loop's thread."""
        self.limits = limits
        self.now = loop.time()
        self._handle = handle
        self._loop = loop
        self._connections: set[Connection] = set()
        self._empty = asyncio.Event()
        self._batch: list[Exchange] = []
        self._sweeping = loop.call_later(_SWEEP_SECONDS, self._sweep)

    def protocol(self) -> Connection:
        """What the loop calls for each client that it accepts."""
        return Connection(self)

    def joined(self, connection: Connection) -> None:
        """A client is there; at the limit those go who have had no reply for the longest: slow ones lock nobody out."""
        self._connections.add(connection)
        if len(self._connections) > self.limits.connections:
            _log.warning("more than %s connections: the quietest are closed", self.limits.connections)
            quietest = heapq.nsmallest(_MAKING_ROOM, self._connections, key=attrgetter("completed_at"))
            for each in quietest:
                each.abort()

    def left(self, connection: Connection) -> None:
        """A client is gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    def arrived(self, exchange: Exchange) -> None:
        """A request is complete; it is handled when everything that arrived in this turn of the loop has been read."""
        if not self._batch:
            self._loop.call_soon(self._hand_over)
        self._batch.append(exchange)

    async def finish(self, seconds: float) -> None:
        """Take no more requests, and let what is in progress end, for so long at most."""
        self._empty.clear()
        for connection in list(self._connections):
            connection.finish()
        if self._connections:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), seconds)
        self._sweeping.cancel()
        for connection in list(self._connections):
            connection.abort()

    def _hand_over(self) -> None:
        batch, self._batch = self._batch, []
        self._handle(batch)

    def _sweep(self) -> None:
        self.now = now = self._loop.time()
        for connection in [each for each in self._connections if each.deadline < now or each.taking_deadline < now]:
            connection.abort()
        self._sweeping = self._loop.call_later(_SWEEP_SECONDS, self._sweep)
