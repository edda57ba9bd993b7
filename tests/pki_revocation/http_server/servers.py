"""A server in a thread of the test's process, with an application of the test's own."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import uvloop

from pki_revocation.http_server.application import WhenFull
from pki_revocation.http_server.gateway import Gateway
from pki_revocation.http_server.limits import Limits
from pki_revocation.http_server.messages import Exchange
from pki_revocation.http_server.server import Server
from tests.conformance.wire import Wire

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

_WAIT_SECONDS = 60
FastPath = Callable[[list[Exchange], Callable[[list[Exchange]], None]], None]


@dataclass
class Serving:
    """Where it listens, and its parts."""

    port: int = 0
    server: Server | None = None
    loop: asyncio.AbstractEventLoop | None = None
    batches: list[int] = field(default_factory=list)

    def connect(self, timeout: float = _WAIT_SECONDS) -> Wire:
        """A client."""
        return Wire(f"http://127.0.0.1:{self.port}/", timeout)


def echo(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    """Says which target was asked for, and what came with it."""
    body = environ["wsgi.input"].read()
    said = f"{environ['REQUEST_METHOD']} {environ['RAW_URI']} {len(body)}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(said)))])
    return [said]


@contextlib.contextmanager
def serving(
    application: "WSGIApplication" = echo,
    *,
    limits: Limits | None = None,
    fast_path: FastPath | None = None,
    threads: int = 4,
    waiting: int = 1000,
    when_full: WhenFull | None = None,
) -> Iterator[Serving]:
    """Serve until the block ends; *fast_path* sees every batch first."""
    listening = socket.create_server(("127.0.0.1", 0))
    serving = Serving(port=listening.getsockname()[1])
    ready, ending = threading.Event(), asyncio.Event()

    async def run() -> None:
        loop = serving.loop = asyncio.get_running_loop()
        gateway = Gateway(
            application,
            loop,
            address=("127.0.0.1", serving.port),
            threads=threads,
            waiting=waiting,
            when_full=when_full,
        )

        def handle(exchanges: list[Exchange]) -> None:
            serving.batches.append(len(exchanges))
            if fast_path is None:
                gateway.handle(exchanges)
            else:
                fast_path(exchanges, gateway.handle)

        server = serving.server = Server(handle, limits or Limits(), loop)
        accepting = await loop.create_server(server.protocol, sock=listening)
        ready.set()
        await ending.wait()
        accepting.close()
        await server.finish(0.2)
        gateway.stop()

    thread = threading.Thread(target=lambda: uvloop.run(run()))
    thread.start()
    assert ready.wait(_WAIT_SECONDS)
    assert serving.loop is not None
    try:
        yield serving
    finally:
        serving.loop.call_soon_threadsafe(ending.set)
        thread.join(_WAIT_SECONDS)
        assert not thread.is_alive()
