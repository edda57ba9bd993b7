"""A reply's body that is a file: sent as the client takes it, so that none is ever in memory as a whole."""

import asyncio
from collections.abc import Callable

from .messages import Exchange, FileBody

_PIECE = 256 * 1024


class FileSending:
    """One such reply, of which the head is sent already."""

    __slots__ = ("_body", "_left", "_transport", "exchange")

    def __init__(self, exchange: Exchange, body: FileBody, transport: asyncio.Transport) -> None:
        """Nothing of the file is sent yet."""
        self.exchange = exchange
        self._body = body
        self._left = body.length
        self._transport = transport

    def go_on(self, takes_more: Callable[[], bool]) -> bool:
        """Let the client have as much as it takes now, and say whether that was all."""
        while self._left and takes_more():
            piece = self._body.file.read(min(_PIECE, self._left))
            if not piece:
                self._transport.abort()  # shorter than was said: the client must not take it for whole
                return False
            self._left -= len(piece)
            self._transport.write(piece)
        if self._left:
            return False
        self.close()
        return True

    def close(self) -> None:
        """Close the file: it was sent, or the client is gone."""
        self._body.file.close()
