"""Complete requests to a WSGI application (PEP 3333), each in one of a bounded number of threads.

Nothing that a client does holds a thread: requests come complete, and replies are taken by the loop.
"""

import asyncio
import io
import logging
import sys
import urllib.parse
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO

from .messages import Exchange, FileBody, Request
from .refusals import refusal

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import WSGIApplication

_log = logging.getLogger(__name__)
_WAITING = 1000
_BODILESS = frozenset({204, 304})


class FileWrapper:
    """PEP 3333's optional file handling: the loop reads the file, as the client takes it."""

    def __init__(self, file: BinaryIO, block_size: int = 8192) -> None:
        """Wrap what has a descriptor or can be read in blocks."""
        self.file = file
        self._block_size = block_size

    def __iter__(self) -> "FileWrapper":
        """For a middleware that reads it itself."""
        return self

    def __next__(self) -> bytes:
        """The next block."""
        if block := self.file.read(self._block_size):
            return block
        raise StopIteration

    def close(self) -> None:
        """The file's own."""
        self.file.close()


class Gateway:
    """Runs the application."""

    def __init__(
        self, application: "WSGIApplication", loop: asyncio.AbstractEventLoop, *, address: tuple[str, int], threads: int
    ) -> None:
        """Answer with *application*; *address* is where the server listens."""
        self._application = application
        self._loop = loop
        self._address = address
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._in_hand = 0
        self._most = threads + _WAITING

    def handle(self, exchanges: list[Exchange]) -> None:
        """Have threads reply; in the loop's thread."""
        for exchange in exchanges:
            if self._in_hand >= self._most:
                exchange.reply(*_of_head(exchange, refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Retry-After: 1")))
                continue
            self._in_hand += 1
            self._executor.submit(self._run, exchange)

    def stop(self) -> None:
        """Wait for the threads."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _run(self, exchange: Exchange) -> None:
        try:
            head, body = _respond(self._application, self._environ(exchange.request), exchange.request)
        except Exception:  # noqa: BLE001 - the edge: whatever the application raised, the client gets an answer
            _log.exception("the application failed")
            head, body = _of_head(exchange, refusal(HTTPStatus.INTERNAL_SERVER_ERROR))
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(partial(self._reply, exchange, head, body))

    def _reply(self, exchange: Exchange, head: bytes, body: bytes | FileBody) -> None:
        self._in_hand -= 1
        exchange.reply(head, body)

    def _environ(self, request: Request) -> dict[str, Any]:
        target = request.target.decode("latin-1")
        # RFC 9112 section 3.2.2: a whole address is taken, and its host is Host's.
        path, _, query = _without_origin(target).partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": urllib.parse.unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": target,
            "REQUEST_URI": target,
            "SERVER_NAME": self._address[0],
            "SERVER_PORT": str(self._address[1]),
            "SERVER_PROTOCOL": "HTTP/1.0" if request.http_1_0 else "HTTP/1.1",
            "REMOTE_ADDR": request.peer,
            "CONTENT_LENGTH": str(len(request.body)) if request.body else "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
        }
        for name, value in request.headers:
            # A name with an underscore would pass for the one with a hyphen that a proxy in front has set.
            if b"_" in name or name in {b"content-length", b"transfer-encoding"}:
                continue
            key = name.decode("latin-1").upper().replace("-", "_")
            key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
            said = value.decode("latin-1")
            environ[key] = f"{environ[key]},{said}" if key in environ else said
        return environ


def _without_origin(target: str) -> str:
    if target.startswith("/"):
        return target
    split = urllib.parse.urlsplit(target)
    if split.scheme not in {"http", "https"}:
        return target
    return urllib.parse.urlunsplit(("", "", split.path or "/", split.query, ""))


def _respond(
    application: "WSGIApplication", environ: dict[str, Any], request: Request
) -> tuple[bytes, bytes | FileBody]:
    said: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str,
        headers: list[tuple[str, str]],
        exc_info: "tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None" = None,  # noqa: ARG001 - nothing has been sent yet: the later answer counts
    ) -> Any:  # noqa: ANN401 - PEP 3333's write
        said[:] = [(status, headers)]
        return written.append

    result = application(environ, start_response)
    body = _body(result, written)
    try:
        if not said:
            raise RuntimeError("the application did not call start_response")
        status, headers = said[0]
        return _head(status, headers, body), b"" if request.method == "HEAD" else body
    finally:
        if request.method == "HEAD" and isinstance(body, FileBody):
            body.file.close()


def _body(result: Iterable[bytes], written: list[bytes]) -> bytes | FileBody:
    if isinstance(result, FileWrapper) and not written:
        # A pipe could not say how much there is; nothing in this house serves one.
        file = result.file
        here = file.tell()
        length = file.seek(0, io.SEEK_END) - here
        file.seek(here)
        return FileBody(file=file, length=length)
    try:
        return b"".join([*written, *result])
    finally:
        if (close := getattr(result, "close", None)) is not None:
            close()


def _head(status: str, headers: list[tuple[str, str]], body: bytes | FileBody) -> bytes:
    names = {name.lower() for name, _ in headers}
    lines = [f"HTTP/1.1 {status}"]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() not in {"connection", "keep-alive"}]
    if "content-length" not in names and int(status[:3]) not in _BODILESS:
        lines.append(f"Content-Length: {body.length if isinstance(body, FileBody) else len(body)}")
    if "date" not in names:
        lines.append(f"Date: {formatdate(usegmt=True)}")
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


def _of_head(exchange: Exchange, answer: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """A HEAD's answer has the head alone (RFC 9110 section 9.3.2)."""
    head, body = answer
    return head, b"" if exchange.request.method == "HEAD" else body
