"""A layer in this process, on a loop that the test turns: so that a test can stand between any two steps."""

import asyncio
import base64
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from keys.identity import SigningIdentity
from keys.keyring import Keyring
from ocsp_responder.answering.answerer import Answerer
from ocsp_responder.answering.shared_cache import SharedAnswerCache
from ocsp_responder.config import OcspSettings
from ocsp_responder.fast_path.answer_cache import AnswerCache
from ocsp_responder.fast_path.assembly import ResponderContext, assemble
from ocsp_responder.fast_path.layer import OcspFastPath
from ocsp_responder.http.transport import REQUEST_TYPE
from ocsp_responder.signing.answer_signers import CurrentSigners
from ocsp_responder.signing.response import Answer, AnswerSigner
from ocsp_responder.status import StatusSource
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.http_server.messages import Exchange, FileBody, Request
from pki_revocation.model import Issuer

_TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a client would get."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Asking:
    """A layer with its loop; *patient* is what Flask would answer with, *left* what was left to it."""

    layer: OcspFastPath
    patient: Callable[[bytes], Answer]
    loop: asyncio.AbstractEventLoop
    cache: AnswerCache
    left: list[Request] = field(default_factory=list)

    def post(self, request: bytes, content_type: str = REQUEST_TYPE, target: bytes = b"/ocsp") -> Reply | None:
        """POST; None when it was left to Flask."""
        return self.ask(
            Request("POST", target, [(b"content-type", content_type.encode())], request, http_1_0=False, peer="")
        )

    def get(self, request: bytes, *, escaped: bool = True, tags: str | None = None) -> Reply | None:
        """GET, with the base64 escaped or as it is."""
        encoded = base64.b64encode(request).decode()
        target = "/ocsp/" + (urllib.parse.quote(encoded, safe="") if escaped else encoded)
        headers = [] if tags is None else [(b"if-none-match", tags.encode())]
        return self.ask(Request("GET", target.encode(), headers, b"", http_1_0=False, peer=""))

    def ask(self, request: Request) -> Reply | None:
        """Have it handled, and turn the loop until it is replied to or left."""
        got: list[Reply] = []
        exchange = Exchange(request, _Outlet(lambda: got.append(_read(exchange))), keep_alive=True)
        before = len(self.left)
        self.layer.handle([exchange], lambda left: self.left.extend(each.request for each in left))
        self.turn_until(lambda: bool(got) or len(self.left) > before)
        return got[0] if got else None

    def turn_until(self, done: Callable[[], bool]) -> None:
        """Turn the loop."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while not done():
            assert time.monotonic() < deadline, "nothing came of it"
            self.loop.run_until_complete(asyncio.sleep(0.001))

    def turn(self) -> None:
        """Let what was called into the loop happen."""
        self.loop.run_until_complete(asyncio.sleep(0.01))


@contextmanager
def asking(
    database: Database,
    clock: Clock,
    identities: Mapping[Issuer, SigningIdentity],
    *,
    settings: OcspSettings,
    slow: frozenset[int] = frozenset(),
    parents: Mapping[int, tuple[int, int]] | None = None,
    keyring: Keyring | None = None,
    shared: SharedAnswerCache | None = None,
) -> Iterator[Asking]:
    """A layer as a worker has it; new keys are looked for in *keyring*."""
    signers = {issuer: AnswerSigner(identity, issuer) for issuer, identity in identities.items()}

    def answerer(source: StatusSource) -> Answerer:
        return Answerer(signers=signers, source=source, settings=settings, shared=shared)

    context = ResponderContext(
        settings=settings,
        database=database,
        clock=clock,
        issuers=tuple(signers),
        parents=parents or {},
        slow=slow,
        signers=None if keyring is None else CurrentSigners(keyring, signers),
    )
    layer, patient = assemble(context, answerer)
    loop = asyncio.new_event_loop()
    made = Asking(layer, patient, loop, layer.cache)
    loop.run_until_complete(_call(lambda: layer.start(loop)))
    try:
        yield made
    finally:
        loop.run_until_complete(_call(layer.stop))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _call(what: Callable[[], None]) -> None:
    what()


class _Outlet:
    def __init__(self, told: Callable[[], None]) -> None:
        self.answered = told


def _read(exchange: Exchange) -> Reply:
    assert exchange.head is not None
    assert not isinstance(exchange.body, FileBody)
    first, *lines = exchange.head.decode().removesuffix("\r\n").split("\r\n")
    return Reply(
        status=int(first.split(" ")[1]),
        headers=dict(line.split(": ", 1) for line in lines),
        body=exchange.body,
    )
