"""A client's connection, every wait of which is bounded by one deadline: look-up, connecting, TLS, sends and receives.

A socket's own time-out begins anew with each octet, so a peer that sends one every two seconds is never late by it.
"""

import contextlib
import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

PORTS = {"http": 80, "https": 443}
_BLOCK = 1 << 16


class Deadline:
    """When the whole exchange is over."""

    def __init__(self, seconds: float) -> None:
        """In so many seconds."""
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, for a socket's time-out, which must not be 0.

        Raises:
            TimeoutError: when none is left.
        """
        seconds = self._at - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


class BoundConnection(http.client.HTTPConnection):
    """HTTP on a socket that is connected already; *default_port* is left out of Host."""

    def __init__(self, parts: SplitResult, port: int, held: "_BoundedSocket") -> None:
        """On *held*, to the server that *parts* name."""
        super().__init__(parts.hostname or "", port)
        self.default_port = PORTS[parts.scheme]
        self.sock: Any = held


class _BoundedSocket:
    """What `http.client` wants of a socket; each wait is for what is left of the whole."""

    def __init__(self, held: socket.socket, deadline: Deadline) -> None:
        self._held = held
        self._deadline = deadline

    def sendall(self, data: "ReadableBuffer") -> None:
        """Send, block by block: TLS counts its time-out anew for each send."""
        view = memoryview(data)
        while view:
            self._held.settimeout(self._deadline.left())
            view = view[self._held.send(view[:_BLOCK]) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The stream that the response is read from."""
        return io.BufferedReader(_Receiving(self._held, self._deadline), _BLOCK)

    def close(self) -> None:
        """`http.client` closes as soon as the head says that no further answer comes: the body comes yet."""


class _Receiving(io.RawIOBase):
    """What a response is read from: each piece is waited for until the exchange's deadline, and no longer."""

    def __init__(self, held: socket.socket, deadline: Deadline) -> None:
        self._held = held
        self._deadline = deadline

    def readable(self) -> bool:
        """True: `io` asks."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Octets into *buffer*, as soon as some have arrived; how many, 0 at the end."""
        self._held.settimeout(self._deadline.left())
        return self._held.recv_into(buffer)


@contextlib.contextmanager
def connected(parts: SplitResult, tls: ssl.SSLContext | None, deadline: Deadline) -> Iterator[BoundConnection]:
    """A connection to the server that an address names, as long as the block; TLS is verified.

    Raises:
        OSError: when there is none, and TimeoutError when there is none in time.
        ValueError: when it is no address of http or https.
    """
    if parts.scheme not in PORTS or not parts.hostname:
        message = "it is neither an http nor an https address"
        raise ValueError(message)
    port = parts.port or PORTS[parts.scheme]
    with contextlib.ExitStack() as ending:
        held = ending.enter_context(_opened(parts.hostname, port, deadline))
        held.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme == "https":
            context = tls or ssl.create_default_context()
            held = ending.enter_context(
                context.wrap_socket(held, server_hostname=parts.hostname, do_handshake_on_connect=False)
            )
            held.settimeout(deadline.left())
            held.do_handshake()
        yield BoundConnection(parts, port, _BoundedSocket(held, deadline))


def _opened(host: str, port: int, deadline: Deadline) -> socket.socket:
    """A connection to the first of the host's addresses that takes one; none of them may use up the others' time."""
    addresses = _addresses(host, port, deadline)
    for place, (family, kind, protocol, _, address) in enumerate(addresses, 1):
        held = socket.socket(family, kind, protocol)
        try:
            held.settimeout(deadline.left() / (len(addresses) - place + 1))
            held.connect(address)
        except OSError:
            held.close()
            if place == len(addresses):
                raise
        except BaseException:
            held.close()
            raise
        else:
            return held
    message = "the name has no address"
    raise ValueError(message)


def _addresses(host: str, port: int, deadline: Deadline) -> list[tuple[Any, ...]]:
    """The resolver knows no time-out of ours: a thread waits for it, and is left behind when it takes too long."""
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return [*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)]
    found: list[tuple[Any, ...]] = []
    errors: list[Exception] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError) as error:
            errors.append(error)

    thread = threading.Thread(target=look_up, name=f"look-up of {host}", daemon=True)
    thread.start()
    thread.join(deadline.left())
    if errors:
        raise errors[0]
    if not found:
        raise TimeoutError
    return found
