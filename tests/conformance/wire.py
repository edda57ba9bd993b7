"""HTTP/1.1 octet by octet: what is sent is what the test wrote, and answers are read as RFC 9112 section 6.3 says."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

_TIMEOUT_SECONDS = 60
TYPE = "application/ocsp-request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: its status, its headers with lower-case names in their order, and its body."""

    version: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for each, value in self.headers if each == name.lower()]

    def header(self, name: str) -> str | None:
        """The value of a header that stands there once at most."""
        found = self.all(name)
        assert len(found) <= 1, f"{name} stands there {len(found)} times"
        return found[0] if found else None

    def names(self) -> set[str]:
        """The names of the headers."""
        return {name for name, _ in self.headers}


class Closed(Exception):
    """The server closed the connection where an answer was due."""


class Wire:
    """One connection."""

    def __init__(self, url: str, timeout: float = _TIMEOUT_SECONDS) -> None:
        """Connect to the address's host and port."""
        address = urlsplit(url)
        self.url, self.path = url, address.path
        self._socket = socket.create_connection((address.hostname, address.port), timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._incoming.close()
        self._socket.close()

    def send(self, octets: bytes) -> None:
        """Send octets as they are."""
        self._socket.sendall(octets)

    def finish(self) -> None:
        """Say that no more will be sent; the server may have hung up already."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def reply(self, *, to_head: bool = False) -> Reply:
        """Read one answer; one to HEAD has no body.

        Raises:
            Closed: when there is none.
        """
        line = self._incoming.readline()
        if not line.endswith(b"\r\n"):
            raise Closed(line)
        version, status, *_ = line.decode("ascii").split(" ", 2)
        headers = tuple(self._header_lines())
        return Reply(
            version=version,
            status=int(status),
            headers=headers,
            body=b"" if to_head else self._body(int(status), dict(headers)),
        )

    def rest(self) -> bytes:
        """Every octet until the server closes."""
        return self._incoming.read()

    def is_closed(self) -> bool:
        """Whether the server closes now, without another octet."""
        try:
            return self._incoming.read(1) == b""
        except ConnectionResetError:
            return True

    def ask(self, method: str, target: str, *headers: str, body: bytes | None = None) -> Reply:
        """Send one request as it is usual, and read its answer."""
        self.send(request(method, target, *headers, body=body))
        return self.reply(to_head=method == "HEAD")

    def post(self, body: bytes, *headers: str) -> Reply:
        """An OCSP request by POST."""
        return self.ask("POST", self.path, f"Content-Type: {TYPE}", *headers, body=body)

    def get(self, encoded: str, *headers: str) -> Reply:
        """An OCSP request by GET, encoded already."""
        return self.ask("GET", f"{self.path}/{encoded}", *headers)

    def _header_lines(self) -> Iterator[tuple[str, str]]:
        while (line := self._incoming.readline()) != b"\r\n":
            if not line:
                raise Closed("in the headers")
            name, colon, value = line.decode("latin-1").removesuffix("\r\n").partition(":")
            assert colon, line
            yield name.lower(), value.strip()

    def _body(self, status: int, headers: dict[str, str]) -> bytes:
        if status < 200 or status in {204, 304}:
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        if "content-length" in headers:
            length = int(headers["content-length"])
            body = self._incoming.read(length)
            if len(body) < length:
                raise Closed(f"behind {len(body)} octets of {length}")
            return body
        return self._incoming.read()

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._incoming.readline().split(b";")[0], 16):
            yield self._incoming.read(size)
            self._incoming.readline()
        while self._incoming.readline() not in {b"\r\n", b""}:
            pass


def request(method: str, target: str, *headers: str, body: bytes | None = None) -> bytes:
    """A request with Host, and Content-Length where there is a body."""
    length = [] if body is None else [f"Content-Length: {len(body)}"]
    lines = [f"{method} {target} HTTP/1.1", "Host: ocsp.example", *headers, *length, "", ""]
    return "\r\n".join(lines).encode("latin-1") + (body or b"")


def chunked(*pieces: bytes, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    """A body in chunks (RFC 9112 section 7.1)."""
    written = b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces if piece)
    return written + b"0\r\n" + trailer + b"\r\n"


@contextmanager
def several(url: str, count: int) -> Iterator[list[Wire]]:
    """So many connections, so that more than one worker has accepted some of them."""
    wires = [Wire(url) for _ in range(count)]
    try:
        yield wires
    finally:
        for wire in wires:
            wire.close()
