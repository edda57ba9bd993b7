"""One client's connection: requests in, replies out in the same order, and an end to whatever takes too long.

It is one state machine, and stays in one file for that: reading is paused by what was not taken, and deadlines by both.
The requests themselves are `reader`'s, the application's side `gateway`'s, and all connections together `server`'s.
"""

import asyncio
import logging
from collections import deque
from http import HTTPStatus
from typing import Protocol, cast

from .limits import Limits
from .messages import Exchange, FileBody, Request
from .reader import RequestReader, Stage
from .refusals import RequestRefused, refusal

_log = logging.getLogger(__name__)
_INFINITE = 1 << 62
_PIECE = 256 * 1024
_HEAD_END = b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE, _KEEP_ALIVE = b"Connection: close\r\n\r\n", b"Connection: keep-alive\r\n\r\n"
_NOTHING, _HEAD = Stage.NOTHING, Stage.HEAD


class ConnectionOwner(Protocol):
    """What has all connections: the server. *now* is the loop's time, to within a second."""

    limits: Limits
    now: float
    finishing: bool

    def connection_opened(self, connection: "Connection") -> None:
        """Count a connection from now on."""
        ...

    def connection_closed(self, connection: "Connection") -> None:
        """Forget a connection: its client is gone, or was sent away."""
        ...

    def arrived(self, exchange: Exchange) -> None:
        """A request is complete."""
        ...

    def buffers(self, connection: "Connection", octets: int) -> None:
        """So many octets are kept of what the client has sent and is no complete request yet."""
        ...


class Connection(asyncio.Protocol):
    """Made by the server for each client that is accepted.

    *deadline* is when `overdue` is to be called, by the server's clock, which moves once a second; it is set when
    something begins, and whether it still matters is checked when it has passed. *replied_at* is when the client
    was last sent a reply.
    """

    __slots__ = (
        "_continue_due",
        "_ending",
        "_exchanges",
        "_held",
        "_keeping",
        "_left",
        "_limits",
        "_lingering",
        "_paused",
        "_reader",
        "_sending",
        "_server",
        "_stalled",
        "_taken_at",
        "_timed",
        "_transport",
        "_untaken",
        "deadline",
        "replied_at",
    )

    def __init__(self, server: ConnectionOwner) -> None:
        """A connection of *server*'s, on which no client is connected yet."""
        self._server = server
        self._limits: Limits = server.limits
        self._transport: asyncio.Transport
        self._reader: RequestReader
        self._exchanges: deque[Exchange] = deque()
        # The exchange whose file is being sent, and how much of it is left.
        self._sending: Exchange | None = None
        self._left = 0
        # What was received beyond the requests that may wait.
        self._held = b""
        self._keeping = 0
        self._paused = self._stalled = self._continue_due = False
        # No more requests are taken: the last one said so or was refused, or the server ends.
        self._ending = False
        # The last reply is sent, and the client may still be reading it.
        self._lingering = False
        self._timed = _NOTHING
        self._untaken = _INFINITE
        self.deadline = self._taken_at = server.now
        # A peer that has asked nothing yet comes before those that it could crowd out in the same moment.
        self.replied_at = server.now - 2 * server.limits.sweep_seconds

    @property
    def has_pending(self) -> bool:
        """Whether the application has yet to answer."""
        return bool(self._exchanges)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read from a client that was accepted; its time for a first request begins."""
        self._transport = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername")
        self._reader = RequestReader(self, self._limits, address[0] if address else "")
        self._restart_timer()
        self._server.connection_opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """The client is gone; replies to it go nowhere."""
        self._ending = True
        self._held = b""
        self._close_files()
        self._server.connection_closed(self)

    def data_received(self, data: bytes) -> None:
        """Read octets that a client sent, in whatever pieces they come."""
        if self._ending:
            return
        if data.count(_HEAD_END) > 1:
            self._read_one_by_one(data)
        else:
            self._read(data)
        if self._keeping or self._reader.stage or self._held:
            self._account()

    def eof_received(self) -> bool:
        """The client will send no more; it still gets what it is owed."""
        if self._lingering or not (self._exchanges or self._sending):
            return False
        self._take_no_more()
        return True

    def pause_writing(self) -> None:
        """Send no more for now: the client reads more slowly than replies are made."""
        self._stalled = True
        self._untaken = _INFINITE
        self.deadline = self._server.now
        self._pause_or_resume()

    def resume_writing(self) -> None:
        """Send what is next: the client has taken what was sent."""
        self._stalled = False
        self._untaken = _INFINITE
        self._restart_timer()
        if self._sending is not None:
            self._send_file(self._sending)
        self.answered()

    def arrived(self, request: Request, *, keep_alive: bool) -> None:
        """A request is complete."""
        if self._ending:
            return
        self._timed = _NOTHING
        self._continue_due = False
        if not keep_alive or self._server.finishing:
            keep_alive, self._ending = False, True
        exchange = Exchange(request, self, keep_alive=keep_alive)
        self._exchanges.append(exchange)
        self._server.arrived(exchange)

    def continue_expected(self) -> None:
        """The client waits for leave to send its body, which it gets after the replies that are due before."""
        self._continue_due = True
        self._let_continue()

    def answered(self) -> None:
        """One of the exchanges has its reply: send what is next in order."""
        if self._transport.is_closing():
            self._close_files()
            return
        exchanges = self._exchanges
        while exchanges and exchanges[0].head is not None and self._sending is None and not self._stalled:
            self._send(exchanges.popleft())
        if self._continue_due:
            self._let_continue()
        if self._paused:
            self._pause_or_resume()

    def overdue(self) -> None:
        """The deadline has passed: end the connection, if it is the client that is late.

        A deadline is set when something begins and not moved by each octet, so much may have happened since. What is
        true now is checked here, in the order of which side is waited for: the steps must not change places.
        """
        now = self._server.now
        untaken = self._transport.get_write_buffer_size()
        if untaken:
            # 1. A reply waits for the client. Nothing else counts meanwhile: what it sends is not read while it takes
            # nothing (`_pause_or_resume`), so no request of it can be late. The buffer is compared at every sweep,
            # because the deadline stays in the past: a client whose buffer has shrunk since the last sweep is slow and
            # may be so for as long as it likes; one whose buffer has not, for as long as it may stall, is ended.
            # `_INFINITE` is more than any buffer, so the first sweep always counts as progress and begins the wait.
            if untaken < self._untaken:
                self._untaken, self._taken_at = untaken, now
            elif now - self._taken_at >= self._limits.stalled_seconds:
                self._transport.abort()
        elif self._untaken != _INFINITE or self._paused:
            # 2. It has taken everything since the last sweep, or reading was paused until now: the time in which it
            # could not send was ours. Whatever it owes us (a request's rest, the next request, the end) gets its whole
            # time from here, in the next round of this function.
            self._untaken = _INFINITE
            self._restart_timer()
        elif self._lingering:
            # 3. It has had its last reply and the time to read it; a reset can take nothing from it any more. Before
            # 4, because exchanges are over then, and before 5, because what it still sends is no request.
            self._transport.abort()
        elif self._exchanges:
            # 4. It is the application that is late, which is no fault of the client's, however short its limits are.
            # Before 5: the next request may be half there, and its time begins when that of this one is over.
            self._restart_timer()
        elif self._timed:
            # 5. A head or a body has begun and does not end: the one case in which there is something to tell it
            # (RFC 9110 section 15.5.9). The refusal is a last reply: the connection lingers from here, and ends by 3.
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            # 6. Silence between requests: there is nothing to answer (RFC 9112 section 9.5).
            self._transport.abort()

    def abort(self) -> None:
        """End it without sending what is still to be sent."""
        self._transport.abort()

    def finish(self) -> None:
        """Close as soon as no request is in progress; to be called until it is gone."""
        if self._exchanges or self._sending:
            self._take_no_more()
        elif not (self._lingering or self._reader.stage):
            self._transport.close()

    def _read(self, data: bytes) -> None:
        reader = self._reader
        try:
            reader.feed(data)
        except RequestRefused as refused:
            self._refuse(refused.status)
        except Exception:  # noqa: BLE001 - an error of ours must not reach the loop, which would leave the client waiting
            _log.exception("a request could not be read")
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
        stage = reader.stage
        if stage is not self._timed and not self._ending:
            self._timed = stage
            if stage:
                self._restart_timer()
        if len(self._exchanges) >= self._limits.waiting:
            self._pause_or_resume()

    def _read_one_by_one(self, data: bytes) -> None:
        """Each head by itself, so that no more requests wait than may, and each begins where its octets do."""
        at = 0
        while at < len(data) and not self._ending:
            if self._paused:
                self._held = data[at:]
                return
            end = data.find(_HEAD_END, at)
            end = len(data) if end < 0 else end + len(_HEAD_END)
            self._read(data[at:end])
            at = end

    def _account(self) -> None:
        self._keeping = len(self._held) + (self._reader.held if self._reader.stage else 0)
        self._server.buffers(self, self._keeping)

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer in place of an application, after what is still owed, and end."""
        if self._ending:
            return  # what follows the last request is dropped
        self._ending = True
        self._timed = _NOTHING
        self._continue_due = False
        exchange = Exchange(Request("", b"", [], b"", http_1_0=False, peer=""), self, keep_alive=False)
        self._exchanges.append(exchange)
        exchange.reply(*refusal(status))

    def _take_no_more(self) -> None:
        self._ending = True
        self._held = b""
        last = self._exchanges[-1] if self._exchanges else self._sending
        if last is not None:
            last.keep_alive = False

    def _let_continue(self) -> None:
        if not (self._exchanges or self._sending):
            self._continue_due = False
            self._transport.write(_CONTINUE)

    def _send(self, exchange: Exchange) -> None:
        head, body = exchange.head or b"", exchange.body
        if not exchange.keep_alive:
            head += _CLOSE
        elif exchange.request.http_1_0:
            head += _KEEP_ALIVE
        else:
            head += b"\r\n"
        if isinstance(body, bytes):
            self._transport.write(head + body)
            self._sent(exchange)
        else:
            self._transport.write(head)
            self._sending, self._left = exchange, body.length
            self._send_file(exchange)

    def _send_file(self, exchange: Exchange) -> None:
        """Let the client have as much as it takes; the rest follows when it has taken that."""
        body = cast("FileBody", exchange.body)
        while self._left and not self._stalled:
            piece = body.file.read(min(_PIECE, self._left))
            if not piece:
                self._transport.abort()  # shorter than was said: the client must not take it for whole
                return
            self._left -= len(piece)
            self._transport.write(piece)
        if not self._left:
            body.file.close()
            self._sending = None
            self._sent(exchange)

    def _sent(self, exchange: Exchange) -> None:
        self.replied_at = now = self._server.now
        if not exchange.keep_alive:
            self._linger()
        elif not (self._timed or self._stalled):
            self.deadline = now + self._limits.idle_seconds

    def _linger(self) -> None:
        """Say that this was all, and drop what comes, lest a reset overtake the reply (RFC 9112 section 9.6)."""
        self._ending = self._lingering = True
        if not self._stalled:
            self._restart_timer()
        if not self._transport.is_closing():
            self._transport.write_eof()
        if self._paused:
            self._pause_or_resume()

    def _restart_timer(self) -> None:
        limits = self._limits
        if self._lingering:
            seconds = limits.linger_seconds
        elif not self._timed:
            seconds = limits.idle_seconds
        else:
            seconds = limits.head_seconds if self._timed is _HEAD else limits.body_seconds
        self.deadline = self._server.now + seconds

    def _close_files(self) -> None:
        for exchange in (self._sending, *self._exchanges):
            if exchange is not None and isinstance(exchange.body, FileBody):
                exchange.body.file.close()
        self._sending = None

    def _pause_or_resume(self) -> None:
        """Read no further while too many replies are owed, or the client does not take those that are there."""
        if self._transport.is_closing():
            return
        if not self._paused:
            if not self._lingering and (self._stalled or len(self._exchanges) >= self._limits.waiting):
                self._paused = True
                self._transport.pause_reading()
        elif self._lingering or not (self._stalled or self._exchanges):
            self._paused = False
            held, self._held = self._held, b""
            self._read_one_by_one(held)
            if self._keeping:
                self._account()
            if not self._paused:
                self._transport.resume_reading()
