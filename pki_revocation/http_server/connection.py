"""One client's connection: requests in, replies out in the same order, and an end to whatever takes too long.

It is one state machine: reading is paused by what was not taken, and deadlines by both. The requests themselves are
`reader`'s, the application's side `gateway`'s, and all connections together `server`'s; which side is late says
`lateness`, and a file as a reply is `file_sending`'s.
"""

import asyncio
import logging
from collections import deque
from http import HTTPStatus
from typing import cast

from .connection_owner import ConnectionOwner
from .file_sending import FileSending
from .lateness import NOT_LOOKED_AT, Verdict, judge
from .limits import Limits
from .messages import Exchange, FileBody, Request
from .reader import RequestReader, Stage
from .refusals import RequestRefused, refusal

_log = logging.getLogger(__name__)
_HEAD_END = b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE, _KEEP_ALIVE = b"Connection: close\r\n\r\n", b"Connection: keep-alive\r\n\r\n"
_NOTHING, _HEAD = Stage.NOTHING, Stage.HEAD


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
        # The exchange whose file is being sent.
        self._sending: FileSending | None = None
        # What was received beyond the requests that may wait.
        self._held = b""
        self._keeping = 0
        self._paused = self._stalled = self._continue_due = False
        # No more requests are taken: the last one said so or was refused, or the server ends.
        self._ending = False
        # The last reply is sent, and the client may still be reading it.
        self._lingering = False
        self._timed = _NOTHING
        self._untaken = NOT_LOOKED_AT
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
        self._untaken = NOT_LOOKED_AT
        self.deadline = self._server.now
        self._pause_or_resume()

    def resume_writing(self) -> None:
        """Send what is next: the client has taken what was sent."""
        self._stalled = False
        self._untaken = NOT_LOOKED_AT
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
        """The deadline has passed: end the connection, if it is the client that is late, by `lateness`."""
        now = self._server.now
        untaken = self._transport.get_write_buffer_size()
        match judge(
            untaken,
            self._untaken,
            stalled=now - self._taken_at >= self._limits.stalled_seconds,
            paused=self._paused,
            lingering=self._lingering,
            owed=bool(self._exchanges),
            begun=bool(self._timed),
        ):
            case Verdict.TAKES:
                self._untaken, self._taken_at = untaken, now
            case Verdict.TOOK_ALL:
                self._untaken = NOT_LOOKED_AT
                self._restart_timer()
            case Verdict.OURS:
                self._restart_timer()
            case Verdict.LATE:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT)
            case Verdict.OVER:
                self._transport.abort()
            case Verdict.WAITED_FOR:
                pass

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
        if self._exchanges:
            self._exchanges[-1].keep_alive = False
        elif self._sending is not None:
            self._sending.exchange.keep_alive = False

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
            self._sending = FileSending(exchange, body, self._transport)
            self._send_file(self._sending)

    def _send_file(self, sending: FileSending) -> None:
        if sending.go_on(self._takes_more):
            self._sending = None
            self._sent(sending.exchange)

    def _takes_more(self) -> bool:
        return not self._stalled

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
        if self._sending is not None:
            self._sending.close()
            self._sending = None
        for exchange in self._exchanges:
            if isinstance(exchange.body, FileBody):
                exchange.body.file.close()

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
