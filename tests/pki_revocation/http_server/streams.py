"""A connection without a socket: octets go in, in pieces of the test's choice, and what comes of them is seen."""

import re
from collections.abc import Callable, Iterable

from pki_revocation.http_server.connection import Connection
from pki_revocation.http_server.limits import Limits
from pki_revocation.http_server.messages import Exchange

# Method, target and body of each request that arrived, in order.
Seen = list[tuple[str, bytes, bytes]]


class _Transport:
    """What a connection needs of one; whoever writes to it is answered by nobody."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def get_extra_info(self, _: str) -> tuple[str, int]:
        return ("127.0.0.1", 1)

    def write(self, data: bytes) -> None:
        self.written += data

    def write_eof(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        pass

    resume_reading = abort = close = pause_reading


class _Owner:
    """What a connection needs of a server."""

    def __init__(self, arrived: Callable[[Exchange], None], limits: Limits) -> None:
        self.limits = limits
        self.now = 0.0
        self.finishing = False
        self.arrived = arrived

    def connection_opened(self, connection: Connection) -> None:
        pass

    def buffers(self, connection: Connection, octets: int) -> None:
        pass

    connection_closed = connection_opened


def received(pieces: Iterable[bytes], limits: Limits | None = None) -> tuple[Seen, list[int], bool]:
    """The requests that come of the pieces, each answered when its piece was read whole.

    Also every status that is sent, 100 for leave to continue among them; and whether the connection was ended.
    """
    seen: Seen = []
    pending: list[Exchange] = []

    def arrived(exchange: Exchange) -> None:
        seen.append((exchange.request.method, exchange.request.target, exchange.request.body))
        pending.append(exchange)

    connection = Connection(_Owner(arrived, limits or Limits()))
    transport = _Transport()
    connection.connection_made(transport)  # type: ignore[arg-type] # as much of one as is needed
    for piece in pieces:
        connection.data_received(piece)
        while pending:
            pending.pop(0).reply(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", b"")
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", transport.written)]
    return seen, statuses, transport.closed
