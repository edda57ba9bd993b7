"""Complete requests to a WSGI application, in a bounded number of threads.

Nothing that a client does holds a thread: requests come complete, and replies are taken by the loop.
"""

import asyncio
import contextlib
import logging
import queue
import threading
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING

from .application import WhenFull
from .messages import Exchange, FileBody
from .refusals import RequestRefused, refusal
from .wsgi import environ_of, respond

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_log = logging.getLogger(__name__)
# More than so many that wait for a thread would wait for longer than their clients do.
_WAITING = 1000


class Gateway:
    """Runs the application; threads start as they are needed, and none holds up the end of the process."""

    def __init__(
        self,
        application: "WSGIApplication",
        loop: asyncio.AbstractEventLoop,
        *,
        address: tuple[str, int],
        threads: int,
        waiting: int = _WAITING,
        when_full: WhenFull | None = None,
    ) -> None:
        """Answer with *application*.

        Args:
            application: called in threads.
            loop: where replies are sent.
            address: where we listen.
            threads: how many at most.
            waiting: how many requests may wait for one.
            when_full: answers beyond them.
        """
        self._application = application
        self._loop = loop
        self._address = address
        self._most_threads = threads
        self._most_in_hand = threads + waiting
        self._when_full = when_full
        self._threads: list[threading.Thread] = []
        self._in_hand = 0
        self._requests: queue.SimpleQueue[Exchange | None] = queue.SimpleQueue()
        self._replies: deque[tuple[Exchange, bytes, bytes | FileBody]] = deque()

    def handle(self, exchanges: list[Exchange]) -> None:
        """Hand requests to the threads; called in the loop's thread."""
        for exchange in exchanges:
            if self._in_hand >= self._most_in_hand:
                own = None if self._when_full is None else self._when_full(exchange.request)
                head, body = own or refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Retry-After: 1")
                exchange.reply(head, _unless_head(exchange, body))
                continue
            if self._in_hand >= len(self._threads) < self._most_threads:
                self._start_thread()
            self._in_hand += 1
            self._requests.put(exchange)

    def stop(self) -> None:
        """Let the threads end when they are done; one that is never done ends with the process."""
        for _ in self._threads:
            self._requests.put(None)

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._work, name=f"request-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (exchange := self._requests.get()) is not None:
            self._replies.append((exchange, *self._reply_to(exchange)))
            # A closed loop has no client left to reply to.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._send)

    def _reply_to(self, exchange: Exchange) -> tuple[bytes, bytes | FileBody]:
        request = exchange.request
        try:
            return respond(self._application, environ_of(request, self._address), request)
        except RequestRefused as refused:
            head, body = refusal(refused.status)
            return head, _unless_head(exchange, body)
        except Exception:  # noqa: BLE001 - the edge: whatever the application raised, the client gets an answer
            _log.exception("the application failed")
            head, body = refusal(HTTPStatus.INTERNAL_SERVER_ERROR)
            return head, _unless_head(exchange, body)

    def _send(self) -> None:
        while self._replies:
            exchange, head, body = self._replies.popleft()
            self._in_hand -= 1
            exchange.reply(head, body)


def _unless_head(exchange: Exchange, body: bytes) -> bytes:
    """A HEAD's answer has the head alone (RFC 9110 section 9.3.2)."""
    return b"" if exchange.request.method == "HEAD" else body
