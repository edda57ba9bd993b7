"""Requests out of octets, strictly (RFC 9112): what is ambiguous or without end never reaches an application.

llhttp refuses most of it: Transfer-Encoding beside Content-Length, two lengths, folded lines, space before a colon,
bare line feeds, control characters. What it lets through and should not is refused here. It knows methods by name,
and a method may be any token (RFC 9110 section 9.1): which of them are taken is the application's to say. Only small
letters are refused here, because methods are case-sensitive and WSGI frameworks write them in capitals.

llhttp reads no body where a request wishes for another protocol. This server has none, and so ignores the wish (RFC
9110 section 7.8): what follows the head is that request's body, and never a request of its own.

Versions and transfer codings that are not spoken here are 400 as well, not 505 and 501: a status from 500 on says that
we failed, alarms are set on it, and no client's octets may raise one.
"""

import enum
import re
from http import HTTPStatus
from typing import Protocol

import httptools

from .body_announcement import announces_body, expects_continue, plain_head
from .limits import Limits
from .messages import Request
from .refusals import RequestRefused
from .targets import AUTHORITY

_USUAL, _OLD = "1.1", "1.0"
_OF_INTEREST = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
_WHITESPACE = b" \t"
# Octets that frame a body in chunks, for each octet of the largest body: `1\r\nx\r\n` is five.
_FRAMING_OCTETS = 8
_METHOD = re.compile(rb"[\r\n]*([!#$%&'*+.^_`|~0-9A-Z-]{1,32}) ")
_BEGUN_METHOD = re.compile(rb"[\r\n]*[!#$%&'*+.^_`|~0-9A-Z-]{1,32}")
# Of nearly all requests: looking up takes half as long as decoding.
_NAMES = {b"GET": "GET", b"POST": "POST", b"HEAD": "HEAD"}
# What Python needs for a header line beside its octets.
_LINE_OCTETS = 150
# Parsed in place of a method that llhttp does not know: neither says anything of a body.
_STAND_IN = b"POST"


class Stage(enum.IntEnum):
    """How much of a request has arrived."""

    NOTHING = 0
    HEAD = 1
    BODY = 2


_NOTHING, _HEAD, _BODY = Stage.NOTHING, Stage.HEAD, Stage.BODY


class Receiver(Protocol):
    """What requests are read for: the connection."""

    def arrived(self, request: Request, *, keep_alive: bool) -> None:
        """A request is complete; *keep_alive* says whether the client may send another one."""
        ...

    def continue_expected(self) -> None:
        """The client waits for `100 Continue`, and its body may come (RFC 9110 section 10.1.1)."""
        ...


class RequestReader:
    """Reads the requests of one connection."""

    __slots__ = (
        "_begun",
        "_body",
        "_body_octets",
        "_completed",
        "_head_octets",
        "_headers",
        "_host",
        "_limits",
        "_method",
        "_old",
        "_parser",
        "_peer",
        "_plain_head",
        "_receiver",
        "_target",
        "_undigested",
        "stage",
    )

    def __init__(self, receiver: Receiver, limits: Limits, peer: str) -> None:
        """Read for *receiver*; *peer* is the client's address."""
        self.stage = _NOTHING
        self._receiver = receiver
        self._limits = limits
        self._peer = peer
        self._parser = httptools.HttpRequestParser(self)
        self._begun = b""
        self._undigested = self._body_octets = 0
        self._host = b""
        self._method = ""
        self._plain_head = b""
        self.on_message_begin()
        self.stage = _NOTHING

    @property
    def held(self) -> int:
        """Roughly how many octets are kept of a request that is not complete."""
        lines = self._head_octets + _LINE_OCTETS * len(self._headers)
        return len(self._begun) + len(self._target) + lines + len(self._body)

    def feed(self, data: bytes) -> None:
        """Read the next octets of the connection; complete requests go to the receiver.

        Raises:
            RequestRefused: when this is no request that may go further; nothing can be read after that.
        """
        if self._begun:
            # No target was there yet: from the method on once more, because it may be one that llhttp does not know.
            data, self._begun = self._begun + data, b""
            self._parser = httptools.HttpRequestParser(self)
            self.stage = _NOTHING
        # Whether the data begins where the request does that is being read at its end: then it can be read once more.
        before = self.stage
        fresh = before is _NOTHING
        self._completed = False
        while data:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                fresh = self._go_on_behind_head()
            except httptools.HttpParserCallbackError as error:
                raise error.__context__ or error from None
            except httptools.HttpParserError as error:
                if self._completed or not fresh or "method" not in str(error):
                    raise RequestRefused(HTTPStatus.BAD_REQUEST) from error
                data = self._with_known_method(data)
                fresh = False
            else:
                break
        if self.stage is _NOTHING:
            self._undigested = 0
        else:
            self._bound(data, from_its_begin=fresh and not self._completed)
            self._bound_framing(data if before is _BODY and not self._completed else b"")

    def on_message_begin(self) -> None:
        """Begin a request: its first octet has come."""
        self.stage = _HEAD
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_octets = 0
        self._body: bytes | bytearray = b""
        self._old = False

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target."""
        self._target += url
        if len(self._target) > self._limits.target:
            raise RequestRefused(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header line, or a trailer's, which is not read (RFC 9110 section 6.5.1)."""
        self._head_octets += len(name) + len(value) + 4
        if self._head_octets > self._limits.head or len(self._headers) >= self._limits.header_lines:
            raise RequestRefused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if self.stage is _HEAD:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is there: is a body to come, and may it?"""
        version = self._parser.get_http_version()
        if version != _USUAL:
            if version != _OLD:
                raise RequestRefused(HTTPStatus.BAD_REQUEST)
            self._old = True
        hosts = 0
        has_body = expects = wishes = False
        for name, value in self._headers:
            if name in _OF_INTEREST:
                if name == b"host":
                    hosts += 1
                    self._check_host(value)
                elif name == b"expect":
                    expects = expects_continue(value, is_old=self._old)
                elif name == b"upgrade":
                    wishes = True
                else:
                    has_body = announces_body(name, value, self._limits.body, is_old=self._old)
        # RFC 9112 section 3.2: one in HTTP/1.1, and never two.
        if hosts != 1 and (hosts or not self._old):
            raise RequestRefused(HTTPStatus.BAD_REQUEST)
        self.stage = _BODY
        self._undigested = 0
        if has_body and (wishes or expects):
            self._prepare_for_body(wishes=wishes, expects=expects)

    def on_body(self, body: bytes) -> None:
        """A piece of the body, as llhttp found it; bounded by the limit on bodies."""
        if len(self._body) + len(body) > self._limits.body:
            raise RequestRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self._undigested = -1
        if not self._body:
            self._body = body
        elif isinstance(self._body, bytearray):
            self._body += body
        else:
            # Pieces may be of one octet each, and an object for each would be thirty times as large.
            self._body = bytearray(self._body + body)

    def on_message_complete(self) -> None:
        """A request has arrived, unless llhttp has only passed over its body."""
        if self._plain_head:
            return
        parser = self._parser
        method = self._method or _NAMES.get(name := parser.get_method()) or name.decode("ascii")
        body = self._body
        if isinstance(body, bytearray):
            body = bytes(body)
        request = Request(method, self._target, self._headers, body, self._old, self._peer)
        # A connection that waits for its next request holds nothing of the last one.
        self._target = self._body = b""
        self._headers = []
        self._head_octets = 0
        self.stage = _NOTHING
        self._completed = True
        self._method = ""
        self._undigested = -1
        # What follows a CONNECT may be meant for the tunnel that there will not be.
        self._receiver.arrived(request, keep_alive=parser.should_keep_alive() and method != "CONNECT")

    def _bound(self, data: bytes, *, from_its_begin: bool) -> None:
        """Let no line go on without end: llhttp tells of one when it is complete, and keeps it until then."""
        if self._undigested < 0:
            # Something came of these octets. What is left over of them is not counted, but is one reading's at most.
            self._undigested = 0
        else:
            self._undigested += len(data)
            if self._undigested > self._limits.target + self._limits.head:
                raise RequestRefused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            if from_its_begin and data and self.stage is _HEAD and not self._target:
                self._begun = data

    def _bound_framing(self, data: bytes) -> None:
        """Let no body's chunks cost many times what is in them: extensions (RFC 9112 section 7.1.1), single octets.

        *data* was fed while the body was being read; what came with the head is one reading's at most.
        """
        self._body_octets = self._body_octets + len(data) if data else 0
        limits = self._limits
        if self._body_octets > limits.target + limits.head + _FRAMING_OCTETS * limits.body:
            raise RequestRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def _prepare_for_body(self, *, wishes: bool, expects: bool) -> None:
        """See that a body comes, and that llhttp does not leave it to the other protocol that was wished for."""
        parser = self._parser
        if wishes and parser.should_upgrade():
            self._plain_head = plain_head(self._headers, keep_alive=parser.should_keep_alive())
            self._method = self._method or parser.get_method().decode("ascii")
        if expects:
            self._receiver.continue_expected()

    def _go_on_behind_head(self) -> bool:
        """Go on behind a head that llhttp stopped at: to its body, with a parser that saw one without the wish.

        Gives whether it is a new request that begins there.
        """
        self._parser = httptools.HttpRequestParser(self)
        head, self._plain_head = self._plain_head, b""
        if not head:
            self._completed = False
            return True
        kept = self._target, self._headers, self._head_octets, self._old
        self._parser.feed_data(head)
        self._target, self._headers, self._head_octets, self._old = kept
        return False

    def _with_known_method(self, data: bytes) -> bytes:
        """The request's octets with a method that llhttp knows; nothing, while the method is not complete."""
        self._parser = httptools.HttpRequestParser(self)
        found = _METHOD.match(data)
        if found is not None:
            self._method = found[1].decode("ascii")
            return _STAND_IN + data[found.end(1) :]
        if not _BEGUN_METHOD.fullmatch(data):
            raise RequestRefused(HTTPStatus.BAD_REQUEST)
        self.stage = _HEAD
        self._begun = data
        return b""

    def _check_host(self, value: bytes) -> None:
        # A client says the same one each time.
        if value != self._host:
            if not AUTHORITY.fullmatch(value.strip(_WHITESPACE)):
                raise RequestRefused(HTTPStatus.BAD_REQUEST)
            self._host = value
