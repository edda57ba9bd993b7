"""A request that has arrived, and the place for its reply."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True)
class Request:
    """A request that has arrived completely.

    *target* as it was sent; *headers* with names in lower case, in their order; *peer* is the client's address.
    """

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    http_1_0: bool
    peer: str


class ReadableFile(Protocol):
    """What is needed of a file whose contents are a reply's body."""

    def read(self, size: int, /) -> bytes:
        """The next octets, at most so many, and none at the end."""
        ...

    def close(self) -> None:
        """Close the file: its contents were sent, or the client is gone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBody:
    """A body that is read from a file as the client takes it, from where the file stands; the file is closed then."""

    file: ReadableFile
    length: int


class ResponseSink(Protocol):
    """Where replies go: the connection."""

    def answered(self) -> None:
        """One of its exchanges has got its reply."""
        ...


class Exchange:
    """A request that waits for its reply."""

    __slots__ = ("_sink", "body", "head", "keep_alive", "request")

    def __init__(self, request: Request, sink: ResponseSink, *, keep_alive: bool) -> None:
        """Wait; *keep_alive* says whether the client wants another exchange after this one."""
        self.request = request
        self.keep_alive = keep_alive
        self.head: bytes | None = None
        self.body: bytes | FileBody = b""
        self._sink = sink

    def reply(self, head: bytes, body: bytes | FileBody) -> None:
        """Send the reply, once, from the loop's thread.

        Args:
            head: status line and header lines, each with its line end, Content-Length and Date among them, without
                the empty line and without Connection.
            body: empty for HEAD and 304.
        """
        self.head = head
        self.body = body
        self._sink.answered()
