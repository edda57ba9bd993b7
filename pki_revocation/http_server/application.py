"""What a worker serves: a WSGI application, and what may answer in front of it without waiting."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .messages import Exchange, Request

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


class FastPath(Protocol):
    """Answers in the loop's thread what needs no waiting; all methods are called there."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop runs, or is about to; called once, in the loop's thread."""
        ...

    def stop(self) -> None:
        """The loop ends: end threads and close connections."""
        ...

    def trouble(self) -> str | None:
        """What keeps it from answering as it should, in a sentence for operators; None while nothing does."""
        ...

    def handle(self, exchanges: list[Exchange], otherwise: Callable[[list[Exchange]], None]) -> None:
        """Reply to the requests that were complete in one turn of the loop, now or later; decline by *otherwise*.

        Whatever is looked up in here is looked up after all of them had arrived.
        """
        ...


# Head and body, as for `Exchange.reply`, of the answer to a request that no thread has time for; None is a plain 503.
WhenFull = Callable[[Request], tuple[bytes, bytes] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a factory makes in each worker; without *fast_path* threads answer everything.

    *when_full* is asked in the loop's thread when no thread has time for a request. *ready* raises a `PkiError` while
    the application cannot do its work, and may take its time.
    """

    wsgi: "WSGIApplication"
    fast_path: FastPath | None = None
    when_full: WhenFull | None = None
    ready: Callable[[], None] | None = None
