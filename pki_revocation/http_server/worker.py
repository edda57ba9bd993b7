"""One worker process: a loop, a listening socket that it was given, and an application of its own."""

import asyncio
import logging
import signal
import socket
from dataclasses import replace

import uvloop

from .application import Application
from .gateway import Gateway
from .heartbeat import Beat, Heartbeat
from .limits import Limits, connections_allowed
from .server import Server

_log = logging.getLogger(__name__)
_FINISH_SECONDS = 10.0
_BACKLOG = 1024


def serve(application: Application, listening: socket.socket, beat: Beat, *, limits: Limits, threads: int) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is in progress, and return.

    Args:
        application: what is served.
        listening: where.
        beat: is told once a second that this worker serves, with its trouble (`heartbeat`).
        limits: for each client.
        threads: how many at most answer what may take its time.
    """
    limits = replace(limits, connections=connections_allowed(limits.connections))
    uvloop.run(_serve(application, listening, beat, limits=limits, threads=threads))


async def _serve(
    application: Application, listening: socket.socket, beat: Beat, *, limits: Limits, threads: int
) -> None:
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    gateway = Gateway(
        application.wsgi,
        loop,
        address=listening.getsockname()[:2],
        threads=threads,
        when_full=application.when_full,
    )
    fast_path = application.fast_path
    if fast_path is None:
        server = Server(gateway.handle, limits, loop)
    else:
        fast_path.start(loop)
        handle = fast_path.handle
        server = Server(lambda exchanges: handle(exchanges, gateway.handle), limits, loop)
    accepting = await loop.create_server(server.protocol, sock=listening, backlog=_BACKLOG)
    Heartbeat(beat, _no_trouble if fast_path is None else fast_path.trouble).start(loop)
    await ending.wait()
    accepting.close()
    await server.finish(_FINISH_SECONDS)
    if fast_path is not None:
        fast_path.stop()
    gateway.stop()


def _no_trouble() -> None:
    """No trouble: an application without a fast path tells its clients alone of its troubles."""
