"""One HTTP request and its answer, with bounds: so long, so large, no proxy, no redirect, TLS verified.

What the environment says of proxies does not count: an outlet and a probe mean the very address that they are given.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from crl_publisher.errors import ExchangeFailed

_BLOCK = 1 << 16
_AGENT = "pki-revocation"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeLimits:
    """*seconds* for everything together, *largest* for the answer's body in octets."""

    seconds: float
    largest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """Status, headers by lower-case name, and the body."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is one of the 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def __str__(self) -> str:
        """As `507 Insufficient Storage`; nothing of the body, which is a stranger's."""
        return f"{self.status} {self.reason[:100]}".strip()


def exchange(  # noqa: PLR0913 - what a request is made of
    method: str,
    url: str,
    *,
    limits: ExchangeLimits,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    tls: ssl.SSLContext | None = None,
    sink: BinaryIO | None = None,
) -> HttpResponse:
    """Ask, and read the whole answer; its body goes into *sink* where there is one.

    Raises:
        ExchangeFailed: when there is none, or not within the limits; the sentence holds no header.
    """
    connection = _connection(url, limits.seconds, tls)
    # The socket's own timeout begins anew with each octet.
    is_late = threading.Event()
    alarm = threading.Timer(limits.seconds, _cut, (connection, is_late))
    alarm.daemon = True
    alarm.start()
    try:
        connection.request(method, _target(url), body, {"User-Agent": _AGENT, "Accept": "*/*"} | dict(headers or {}))
        response = connection.getresponse()
        return HttpResponse(
            status=response.status,
            reason=response.reason if response.reason.isprintable() else "",
            headers={name.lower(): value for name, value in response.getheaders()},
            body=_read(response, limits.largest, sink),
        )
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = f"it took longer than {limits.seconds:g} s" if is_late.is_set() else _why(error)
        raise ExchangeFailed(f"{method} {url} got no answer: {why}.") from error
    finally:
        alarm.cancel()
        connection.close()


def _connection(url: str, seconds: float, tls: ssl.SSLContext | None) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(
            host, parts.port, timeout=seconds, context=tls or ssl.create_default_context()
        )
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=seconds)
    raise ExchangeFailed(f"{url} is neither http nor https.")


def _target(url: str) -> str:
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    return f"{path}?{parts.query}" if parts.query else path


def _read(response: http.client.HTTPResponse, largest: int, sink: BinaryIO | None) -> bytes:
    into = BytesIO() if sink is None else sink
    size = 0
    while block := response.read(_BLOCK):
        size += len(block)
        if size > largest:
            raise ExchangeTooLarge(f"it is larger than {largest} octets")
        into.write(block)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return into.getvalue() if isinstance(into, BytesIO) else b""


class ExchangeTooLarge(ValueError):
    """The answer does not end where it must."""


def _cut(connection: http.client.HTTPConnection, is_late: threading.Event) -> None:
    is_late.set()
    held = connection.sock
    if held is not None:
        try:
            # Below TLS, which would want to say goodbye.
            socket.socket.shutdown(held, socket.SHUT_RDWR)
        except OSError:
            return


def _why(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "it took too long"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not accepted ({error.verify_message})"
        case http.client.IncompleteRead():
            return "it ended in the middle"
        case http.client.HTTPException():
            return f"it is not HTTP ({type(error).__name__})"
        case OSError():
            return error.strerror or type(error).__name__
        case _:
            return str(error)
