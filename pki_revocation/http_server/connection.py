"""One client's connection: requests in, replies out in the same order, and an end to whatever takes too long.

llhttp refuses what RFC 9112 calls an error: Transfer-Encoding beside Content-Length, two lengths, folded lines, bare
line feeds, octets that have no place. What it lets through and should not is refused here.
"""

import asyncio
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import httptools

from .framing import OLD, USUAL, framing
from .limits import Limits
from .messages import Exchange, FileBody, Request
from .refusals import Refused, refusal

if TYPE_CHECKING:
    from .server import Server

_NEVER = float("inf")
_PIECE = 256 * 1024
# So long after the last reply the client's octets are dropped, or a reset could overtake it (RFC 9112 section 9.6).
_LINGER_SECONDS = 2.0
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE, _KEEP_ALIVE = b"Connection: close\r\n\r\n", b"Connection: keep-alive\r\n\r\n"


class Connection(asyncio.Protocol):
    """Made by the server for each client that is accepted."""

    def __init__(self, server: "Server") -> None:
        """Nobody is connected yet."""
        self._server = server
        self._limits: Limits = server.limits
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._peer = ""
        self._exchanges: deque[Exchange] = deque()
        self._sending: FileBody | None = None
        self._left = 0
        self._after_file = True
        self._stalled = False
        self._reading_paused = False
        # No more requests are taken: the last one said so or was refused, or the server ends.
        self._ending = False
        self._lingering = False
        # When the client must have sent what it has begun, or have begun; and when it must have taken something.
        self.deadline = self.taking_deadline = _NEVER
        self.completed_at = 0.0
        self._in_message = False
        self._begin()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername")
        self._peer = address[0] if address else ""
        now = self._server.now
        self.completed_at = now
        self.deadline = now + self._limits.idle_seconds
        self._server.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """The client is gone; replies to it go nowhere."""
        self._ending = True
        self._close_file()
        for exchange in self._exchanges:
            _close_body(exchange)
        self._server.left(self)

    def data_received(self, data: bytes) -> None:
        """Octets, however they were cut."""
        if self._ending:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # We speak nothing else, and RFC 9110 section 7.8 lets us say nothing of it; what follows is not HTTP.
            self._ending = True
            if self._exchanges:
                self._exchanges[-1].keep_alive = False
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            self._refuse(cause.status if isinstance(cause, Refused) else HTTPStatus.BAD_REQUEST)
        except httptools.HttpParserInvalidMethodError:
            self._refuse(HTTPStatus.NOT_IMPLEMENTED)
        except httptools.HttpParserError:
            self._refuse(self._why_unparsed())
        if len(self._exchanges) >= self._limits.waiting:
            self._pause_or_resume()

    def eof_received(self) -> bool:
        """The client will send no more; it still gets what it is owed."""
        if self._lingering or not (self._exchanges or self._sending):
            return False
        self.finish()
        return True

    def pause_writing(self) -> None:
        """The client takes less than it asked for."""
        self._stalled = True
        self.taking_deadline = self._server.now + self._limits.stalled_seconds
        self._pause_or_resume()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._stalled = False
        self.taking_deadline = _NEVER
        if self._sending is not None:
            self._send_file()
        self._send_ready()
        self._pause_or_resume()

    # What llhttp calls.

    def on_message_begin(self) -> None:
        """The first octet of a request."""
        if self._ending:
            raise Refused(HTTPStatus.BAD_REQUEST)
        self._in_message = True
        self.deadline = self._server.now + self._limits.head_seconds
        self._begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._target += url
        if len(self._target) > self._limits.target:
            raise Refused(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line, or a trailer's, which nobody reads (RFC 9110 section 6.5.1)."""
        self._head_size += len(name) + len(value) + 4
        if self._head_size > self._limits.head or len(self._headers) >= self._limits.header_lines:
            raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if not self._head_complete:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is there: is a body to come, and may it?"""
        self._head_complete = True
        has_body, expects = framing(self._headers, self._parser.get_http_version(), self._limits)
        if has_body:
            self.deadline = self._server.now + self._limits.body_seconds
            if expects and not self._exchanges:
                self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body_size += len(body)
        if self._body_size > self._limits.body:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self._body.append(body)

    def on_message_complete(self) -> None:
        """A request has arrived."""
        self._in_message = False
        self.deadline = _NEVER
        request = Request(
            self._parser.get_method().decode("ascii"),
            self._target,
            self._headers,
            b"".join(self._body),
            self._parser.get_http_version() == OLD,
            self._peer,
        )
        exchange = Exchange(request, self, keep_alive=self._parser.should_keep_alive())
        self._ending = not exchange.keep_alive
        self._exchanges.append(exchange)
        self._server.arrived(exchange)

    # What the exchanges and the server call.

    def answered(self) -> None:
        """One of the exchanges has its reply: send what is next in order."""
        self._send_ready()
        if self._reading_paused:
            self._pause_or_resume()

    def abort(self) -> None:
        """End it now: too slow, or in the way of others."""
        self._transport.abort()

    def finish(self) -> None:
        """Take no more requests; close when the last reply is out."""
        self._ending = True
        if self._exchanges:
            self._exchanges[-1].keep_alive = False
        elif self._sending is not None:
            self._after_file = False
        elif not self._lingering:
            self._transport.close()

    # How it does that.

    def _begin(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_size = 0
        self._head_complete = False
        self._body: list[bytes] = []
        self._body_size = 0

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer in place of an application, after what is still owed, and end."""
        if self._ending:
            return  # what follows the last request is dropped
        self._ending, self._in_message = True, False
        self.deadline = _NEVER
        exchange = Exchange(Request("", b"", [], b"", http_1_0=False, peer=self._peer), self, keep_alive=False)
        self._exchanges.append(exchange)
        exchange.reply(*refusal(status))

    def _why_unparsed(self) -> HTTPStatus:
        """Which of llhttp's refusals has an answer of its own."""
        version = self._parser.get_http_version()
        if self._target and version not in {"0.0", USUAL, OLD}:
            return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
        if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in self._headers):
            lengths = any(name == b"content-length" for name, _ in self._headers)
            return HTTPStatus.BAD_REQUEST if lengths else HTTPStatus.NOT_IMPLEMENTED
        return HTTPStatus.BAD_REQUEST

    def _send_ready(self) -> None:
        exchanges = self._exchanges
        while exchanges and exchanges[0].head is not None and self._sending is None and not self._stalled:
            exchange = exchanges.popleft()
            head, body = exchange.head or b"", exchange.body
            if self._transport.is_closing():
                _close_body(exchange)
                continue
            if not exchange.keep_alive:
                head += _CLOSE
            elif exchange.request.http_1_0:
                head += _KEEP_ALIVE
            else:
                head += b"\r\n"
            if isinstance(body, FileBody):
                self._transport.write(head)
                self._sending, self._left, self._after_file = body, body.length, exchange.keep_alive
                self._send_file()
            else:
                self._transport.write(head + body)
                self._sent(keep_alive=exchange.keep_alive)

    def _sent(self, *, keep_alive: bool) -> None:
        self.completed_at = self._server.now
        if not keep_alive:
            self._linger()
        else:
            self._rest()

    def _rest(self) -> None:
        """Where nothing is owed and nothing has begun, wait for the next request."""
        if not (self._exchanges or self._in_message):
            self.deadline = self._server.now + self._limits.idle_seconds

    def _linger(self) -> None:
        """Say that this was all, and wait for the client to have read it."""
        self._ending = self._lingering = True
        self.deadline = self._server.now + _LINGER_SECONDS
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()
        if self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()

    def _send_file(self) -> None:
        """Let the client have as much as it takes; the rest follows when it has taken that."""
        while (sending := self._sending) is not None and not self._stalled:
            piece = sending.file.read(min(_PIECE, self._left))
            self._left -= len(piece)
            if self._transport.is_closing():
                self._close_file()
            elif piece:
                self._transport.write(piece)
            else:
                self._close_file()
                if self._left:
                    self._transport.abort()  # shorter than was said: the client must not take it for whole
                else:
                    self._sent(keep_alive=self._after_file)

    def _close_file(self) -> None:
        if self._sending is not None:
            self._sending.file.close()
            self._sending = None

    def _pause_or_resume(self) -> None:
        """Read no further while replies are owed, or the client does not take those that are there."""
        full = not self._lingering and (self._stalled or len(self._exchanges) >= self._limits.waiting)
        if full != self._reading_paused and not self._transport.is_closing():
            self._reading_paused = full
            if full:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()


def _close_body(exchange: Exchange) -> None:
    if isinstance(exchange.body, FileBody):
        exchange.body.file.close()
