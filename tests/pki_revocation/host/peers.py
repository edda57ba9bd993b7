"""Peers on loopback that behave as they should not: a socket, and a script of what is sent when."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket, threading.Event], None]
_BLOCK = 1 << 16


@dataclass
class Peer:
    """Where it listens, and what it was sent, a request for each connection."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/", scheme: str = "http") -> str:
        """An address at this peer."""
        return f"{scheme}://127.0.0.1:{self.port}{path}"


@contextlib.contextmanager
def peer(behave: Behaviour, *, reads: bool = True, tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """Accept clients until the block ends; each is read up to the end of its head, and then met by *behave*.

    *behave* gets an event that is set when the test is over.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    found = Peer(listening.getsockname()[1])
    over = threading.Event()
    threads: list[threading.Thread] = []

    def attend(client: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as closing:
            closing.enter_context(client)
            if tls is not None:
                client = closing.enter_context(tls.wrap_socket(client, server_side=True))
            if reads:
                head = b""
                while b"\r\n\r\n" not in head and (block := client.recv(_BLOCK)):
                    head += block
                found.requests.append(head)
            behave(client, over)

    def accept() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=attend, args=(client,))
            thread.start()
            threads.append(thread)

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield found
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join()
        for thread in threads:
            thread.join()


def says(octets: bytes) -> Behaviour:
    """Sends this, and ends."""
    return lambda client, _: client.sendall(octets)


def drips(octets: bytes, every: float) -> Behaviour:
    """Sends one octet after the other, each soon enough for a time-out that begins anew with it."""

    def behave(client: socket.socket, over: threading.Event) -> None:
        for at in range(len(octets)):
            client.sendall(octets[at : at + 1])
            if over.wait(every):
                return

    return behave


def is_silent(_client: socket.socket, over: threading.Event) -> None:
    """Says nothing, and stays."""
    over.wait()
