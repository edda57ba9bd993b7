"""One complete request as a WSGI application sees it, and what the application says of it as octets (PEP 3333)."""

import io
import sys
import urllib.parse
from collections.abc import Iterable, Iterator
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from .messages import FileBody, ReadableFile, Request
from .targets import path_and_host

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import WSGIApplication

_BODILESS = frozenset({"204", "304"})
# The connection's own (RFC 9110 section 7.6.1); no application has a say in them.
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class FileWrapper:
    """PEP 3333's optional file handling: the loop reads the file as the client takes it, and closes it.

    That needs a Content-Length, so many octets of it are then sent; without one it is read at once.
    """

    def __init__(self, file: ReadableFile, block_size: int = 65536) -> None:
        """Wrap a file that is read in blocks of *block_size* octets."""
        self.file = file
        self._block_size = block_size

    def __iter__(self) -> Iterator[bytes]:
        """Block by block, for a middleware that reads it itself."""
        while block := self.file.read(self._block_size):
            yield block

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def environ_of(request: Request, address: tuple[str, int]) -> dict[str, Any]:
    """The environment; nothing of this process's own is in it.

    Args:
        request: complete.
        address: where the server listens.

    Raises:
        RequestRefused: for a target that is none.
    """
    path, host = path_and_host(request.method, request.target)
    path, _, query = path.partition(b"?")
    target = request.target.decode("latin-1")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": urllib.parse.unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": target,
        "REQUEST_URI": target,
        "SERVER_NAME": address[0],
        "SERVER_PORT": str(address[1]),
        "SERVER_PROTOCOL": "HTTP/1.0" if request.http_1_0 else "HTTP/1.1",
        "REMOTE_ADDR": request.peer,
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
        if name in _FRAMING:
            # Chunks have been put together, and have a length now.
            environ["CONTENT_LENGTH"] = str(len(request.body))
        elif b"_" not in name:  # it would pass for the name with a hyphen, which a proxy in front may have set
            key = name.decode("latin-1").upper().replace("-", "_")
            if key != "CONTENT_TYPE":
                key = f"HTTP_{key}"
            # RFC 9112 section 5.1: white space around a value is no part of it.
            said = value.decode("latin-1").strip(" \t")
            environ[key] = f"{environ[key]},{said}" if key in environ else said
    if host is not None:
        environ["HTTP_HOST"] = host.decode("latin-1")
    return environ


def respond(
    application: "WSGIApplication", environ: dict[str, Any], request: Request
) -> tuple[bytes, bytes | FileBody]:
    """Head and body of what the application answers.

    Raises:
        Exception: whatever the application raised; nothing has been sent then.
    """
    said: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str,
        headers: list[tuple[str, str]],
        exc_info: "tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None" = None,
    ) -> Any:  # noqa: ANN401 - PEP 3333's write
        if said and exc_info is None:
            raise RuntimeError("start_response was called twice")
        # Nothing has been sent yet: with an error the later answer counts.
        said[:] = [(status, headers)]
        return written.append

    body = _taken(application(environ, start_response), said, written)
    try:
        if not said:
            raise RuntimeError("the application did not call start_response")  # noqa: TRY301 - as any error of its own
        status, headers = said[0]
        bodiless = request.method == "HEAD" or status[:3] in _BODILESS
        head = _head(status, _with_length(headers, body, bodiless=bodiless))
    except BaseException:
        _close(body)
        raise
    if bodiless:
        _close(body)
        return head, b""
    return head, body


def _taken(
    result: Iterable[bytes], said: list[tuple[str, list[tuple[str, str]]]], written: list[bytes]
) -> bytes | FileBody:
    if isinstance(result, FileWrapper) and said and not written:
        length = _given_length(said[0][1])
        if length is not None:
            return FileBody(file=result.file, length=length)
    try:
        # An application that calls `write` does so before this, or while this is iterated.
        parts = list(result)
        return b"".join([*written, *parts])
    finally:
        if (close := getattr(result, "close", None)) is not None:
            close()


def _close(body: bytes | FileBody) -> None:
    if isinstance(body, FileBody):
        body.file.close()


def _given_length(headers: list[tuple[str, str]]) -> int | None:
    given = {value for name, value in headers if name.lower() == "content-length"}
    return int(given.pop()) if len(given) == 1 else None


def _with_length(headers: list[tuple[str, str]], body: bytes | FileBody, *, bodiless: bool) -> list[tuple[str, str]]:
    given = _given_length(headers)
    length = body.length if isinstance(body, FileBody) else len(body)
    if given is None and (length or not bodiless):
        return [*headers, ("Content-Length", str(length))]
    if given != length and not bodiless:
        raise ValueError(f"the application says that {length} octets are {given}")
    return headers


def _head(status: str, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status}"]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() not in _HOP_BY_HOP]
    if not any(name.lower() == "date" for name, _ in headers):
        lines.append(f"Date: {formatdate(usegmt=True)}")
    head = "".join(f"{line}\r\n" for line in lines)
    # A line end in a value would be a header, or an answer, of a client's making.
    if head.count("\n") != len(lines) or head.count("\r") != len(lines):
        raise ValueError("the application's headers hold line ends")
    return head.encode("latin-1")
