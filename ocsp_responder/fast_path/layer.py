"""What the responder answers in the server's loop, in front of Flask: kept answers, and new ones that need no waiting.

Requests come in batches, all that were complete in one turn of the loop, and one look at the journal follows them.
What is unusual (other types, other places, queries) or would wait (a slow key, many certificates, a status that only
the database's server knows) goes on to Flask; the answer comes back here to be kept.
"""

import asyncio
import logging
import urllib.parse
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus

from ocsp_responder.answering.answerer import Answerer
from ocsp_responder.answering.missing_revocations import MissingRevocations
from ocsp_responder.errors import MalformedRequest, WouldWait
from ocsp_responder.http.transport import (
    ALLOWED,
    GET_LIMIT,
    REQUEST_TYPE,
    HttpEndpoint,
    head,
    http_date,
    in_http,
    is_request_type,
    request_in_path,
    unkept_head,
)
from ocsp_responder.signing.response import Answer, Refusal, refusal
from pki_revocation.clock import Clock
from pki_revocation.http_server.messages import Exchange, Request
from pki_revocation.http_server.refusals import refusal as http_refusal

from .answer_cache import AnswerCache, KeptAnswer
from .background import Background
from .journal_watch import JournalWatch
from .refresh import JournalRefresh, refresh_for

_log = logging.getLogger(__name__)
Otherwise = Callable[[list[Exchange]], None]
_REQUEST_TYPE = REQUEST_TYPE.encode()
_ALLOW = f"Allow: {', '.join(ALLOWED)}"
_READING = frozenset({"GET", "HEAD"})
# What DER begins with: a body that begins otherwise is no request, though it may spell a target.
_SEQUENCE = b"\x30"


class OcspFastPath:
    """The responder's part that answers in the server's loop, a `FastPath` of the HTTP server."""

    def __init__(
        self,
        *,
        answerer: Answerer,
        watch: JournalWatch,
        cache: AnswerCache,
        clock: Clock,
        endpoint: HttpEndpoint,
        missing: MissingRevocations | None = None,
    ) -> None:
        """Answer with these parts; nothing is looked at before `start`.

        Args:
            answerer: answers without waiting, or raises WouldWait.
            watch: looks before anything is answered.
            cache: one of the watch's keepers.
            clock: dates what is sent.
            endpoint: where the responder is.
            missing: what journals lack of public CRLs, which is a trouble while it lasts.
        """
        self._answerer = answerer
        self._missing = missing
        self._watch = watch
        self.cache = cache
        self._clock = clock
        self._max_age = endpoint.max_age
        self._background: list[Background] = []
        self._before_encoded = f"{endpoint.path}/".encode()
        self._post_targets = frozenset({endpoint.path.encode() or b"/", self._before_encoded})
        self._dated: datetime | None = None
        self._date = b""
        # Sent when a whole batch has its answers: a system call between two of them would wake each client while the
        # next answer still has to be signed, which costs a quarter of the time.
        self._replies: list[tuple[Exchange, bytes, bytes]] = []
        self._kept = self._inline = self._passed_on = 0
        self.refresh: JournalRefresh | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    def accompany(self, *background: Background) -> None:
        """Have something run beside the answering, as long as the layer does; before `start`."""
        self._background += background

    def made(self) -> Mapping[str, int]:
        """How many answers were kept ones, were made at once, and were left to Flask."""
        return {"cache": self._kept, "inline": self._inline, "wsgi": self._passed_on}

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look at the journal, and start what runs beside the answering."""
        self.loop = loop
        self.refresh = refresh = refresh_for(self._watch, loop)
        for each in self._background:
            each.start(loop, refresh)

    def stop(self) -> None:
        """Stop what runs beside the answering, then the looking, and close the journal."""
        for each in self._background:
            each.stop()
        if self.refresh is not None:
            self.refresh.stop()
        self._watch.journal.close()

    def trouble(self) -> str | None:
        """What keeps new answers from being made, in a sentence; None while nothing does."""
        return self._watch.trouble or (None if self._missing is None else self._missing.trouble)

    def handle(self, exchanges: list[Exchange], otherwise: Otherwise) -> None:
        """Answer what can be answered, after a look at the journal, and pass on the rest."""
        if self.refresh is None:
            otherwise(exchanges)
        else:
            self.refresh.after_refresh(lambda: self._answer(exchanges, otherwise))

    def when_full(self, request: Request) -> tuple[bytes, bytes] | None:
        """Head and body of `tryLater` for an OCSP request that no thread has time for; None for any other request."""
        if request.method in _READING:
            asks = request.target.startswith(self._before_encoded)
        else:
            asks = request.method == "POST" and request.target in self._post_targets and _says_request(request)
        if not asks:
            return None
        answer = refusal(Refusal.TRY_LATER)
        return unkept_head(len(answer.der)) + f"Date: {http_date(self._clock.now())}\r\n".encode(), answer.der

    def kept(self, request: bytes) -> Answer | None:
        """The kept answer to a request's DER that counts now; for a thread whose request came through this layer.

        The look that followed the request has dropped what it found changed.
        """
        kept = self.cache.peek(request, self._clock.now().timestamp())
        return kept.answer if kept is not None and (kept.revoked or self._watch.is_current) else None

    def offer(self, request: bytes, answer: Answer) -> None:
        """Keep an answer that a thread made, unless the journal has moved on since; may be called in any thread."""
        if answer.shared is not None and answer.issuer_id is not None and answer.sequence is not None:
            self.in_loop(answer.issuer_id, answer.sequence, lambda: self.cache.put(request, answer, self._clock.now()))

    def in_loop(self, issuer_id: int, sequence: int, keep: Callable[[], object]) -> None:
        """Call *keep* in the loop's thread, unless more than *sequence* has been applied of the issuer's journal.

        Nothing is kept either of what was read while it could not be known whether it is current.
        """

        def unless_moved_on() -> None:
            applied = self._watch.applied.get(issuer_id)
            if self._watch.is_current and applied is not None and sequence >= applied:
                keep()

        # Where no loop runs nothing is kept: the application is served by something else.
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(unless_moved_on)

    def _answer(self, exchanges: list[Exchange], otherwise: Otherwise) -> None:
        rest: list[Exchange] = []
        try:
            rest = self._answer_what_can_be(exchanges)
        except Exception:  # noqa: BLE001 - an error of ours must not leave clients waiting
            _log.exception("requests could not be answered")
            made = {id(exchange) for exchange, *_ in self._replies}
            failed = http_refusal(HTTPStatus.INTERNAL_SERVER_ERROR)
            self._replies += [(each, *failed) for each in exchanges if each.head is None and id(each) not in made]
        replies, self._replies = self._replies, []
        for exchange, reply_head, reply_body in replies:
            exchange.reply(reply_head, reply_body)
        if rest:
            self._passed_on += len(rest)
            otherwise(rest)

    def _answer_what_can_be(self, exchanges: list[Exchange]) -> list[Exchange]:
        """Collect the replies that can be made now; give back the exchanges that Flask has to answer."""
        now = self._clock.now()
        if now != self._dated:
            self._dated, self._date = now, f"Date: {http_date(now)}\r\n".encode()
        seconds, date = now.timestamp(), self._date
        is_current, kept_for, replies = self._watch.is_current, self.cache.get, self._replies
        rest = []
        for exchange in exchanges:
            request = exchange.request
            method = request.method
            if method in _READING:
                kept = kept_for(request.target, seconds)
            elif method == "POST" and request.target in self._post_targets and _says_request(request):
                kept = kept_for(request.body, seconds) if request.body[:1] == _SEQUENCE else None
            elif method == "POST":
                rest.append(exchange)
                continue
            else:
                replies.append((exchange, *http_refusal(HTTPStatus.METHOD_NOT_ALLOWED, _ALLOW)))
                continue
            if kept is not None and (is_current or kept.revoked):
                self._kept += 1
                if method == "POST":
                    replies.append((exchange, kept.head + date, kept.body))
                else:
                    self._send(exchange, kept)
            elif not self._make(exchange, now):
                rest.append(exchange)
        return rest

    def _make(self, exchange: Exchange, now: datetime) -> bool:
        """Find or make the answer from the request's octets, and send it; False when others must."""
        request = exchange.request
        try:
            der = request.body if request.method == "POST" else self._in_target(request.target)
            kept = None if request.method == "POST" else self._usable(der, now)
            answer = self._answerer.answer(der) if kept is None else kept.answer
        except WouldWait:
            return False
        except MalformedRequest:
            der, kept, answer = b"", None, refusal(Refusal.MALFORMED_REQUEST)
        if kept is None:
            self._inline += 1
            kept = self.cache.put(der, answer, now)
        else:
            self._kept += 1
        if kept is not None:
            if request.method != "POST":
                self.cache.alias(request.target, der, kept)
            self._send(exchange, kept)
        elif answer.shared is None:
            self._reply(exchange, unkept_head(len(answer.der)), answer.der)
        else:
            http = in_http(answer, now=now, max_age=self._max_age)
            self._reply(exchange, head(http), http.body)
        return True

    def _usable(self, key: bytes, now: datetime) -> KeptAnswer | None:
        kept = self.cache.get(key, now.timestamp())
        return kept if kept is not None and (kept.revoked or self._watch.is_current) else None

    def _in_target(self, target: bytes) -> bytes:
        """The DER of the request in a GET's target.

        Raises:
            MalformedRequest: when it is no base64.
            WouldWait: for a target that is not below the responder's address, has a query or is too long.
        """
        if not target.startswith(self._before_encoded) or b"?" in target or len(target) > GET_LIMIT:
            raise WouldWait
        encoded = urllib.parse.unquote_to_bytes(target[len(self._before_encoded) :])
        return request_in_path(encoded.decode("latin-1"))

    def _send(self, exchange: Exchange, kept: KeptAnswer) -> None:
        request = exchange.request
        if request.method != "POST":
            wanted = _none_match(request)
            if wanted:
                http = in_http(kept.answer, now=self._clock.now(), max_age=self._max_age, if_none_match=wanted)
                self._reply(exchange, head(http), http.body)
                return
        self._reply(exchange, kept.head, kept.body)

    def _reply(self, exchange: Exchange, head: bytes, body: bytes) -> None:
        """Add the reply to those that are sent together; a HEAD's is without the body (RFC 9110 section 9.3.2)."""
        self._replies.append((exchange, head + self._date, b"" if exchange.request.method == "HEAD" else body))


def _none_match(request: Request) -> str:
    """All values of If-None-Match, joined by commas; empty for most requests."""
    wanted = ""
    for name, value in request.headers:
        if name == b"if-none-match":
            wanted += f",{value.decode('latin-1')}"
    return wanted[1:]


def _says_request(request: Request) -> bool:
    said = None
    for name, value in request.headers:
        if name == b"content-type":
            if said is not None:
                return False  # RFC 9110 section 5.3: one line, whatever the second one says
            said = value
    return said == _REQUEST_TYPE or (said is not None and is_request_type(said.decode("latin-1")))
