"""One HTTP request and its answer, as a client, within limits that hold for the whole exchange.

Every step (name look-up, connecting, TLS, each send and each receive, every redirect) gets what is left of one sum
(`bounded_connection`). What the environment says of proxies does not count: callers mean the very address that they
give. TLS is verified, and redirects are followed only when a caller says how many.
"""

import http.client
import io
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from pki_revocation.errors import PkiError

from .bounded_connection import PORTS, Deadline, connected

_BLOCK = 1 << 16
_AGENT = "pki-revocation"
# RFC 9110 section 15.4: those that name another address for the same question.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Asking these again elsewhere changes nothing (RFC 9110 section 9.2.1); a POST is never repeated, and never as a GET.
_REPEATABLE = frozenset({"GET", "HEAD"})
# Meant for the server that was named, not for the one that it names.
_FOR_THE_ORIGIN = frozenset({"authorization", "cookie"})


class ExchangeFailed(PkiError):
    """There is no answer, or not one within the limits; the sentence holds no header and nothing of a body."""


class ResponseTooLarge(ExchangeFailed):
    """The answer's body is longer than the caller takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeLimits:
    """*seconds* for everything together, *octets* for the answer's body."""

    seconds: float
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """Status, headers by lower-case name, the body, and how many redirects led here."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    redirects: int = 0

    @property
    def is_success(self) -> bool:
        """Whether the status is one of the 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def __str__(self) -> str:
        """Status and reason, such as `507 Insufficient Storage`; nothing of the body, which is a stranger's."""
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
    redirects: int = 0,
) -> HttpResponse:
    """Send a request, and read the whole response.

    Args:
        method: GET, HEAD, POST, PUT, ...
        url: http or https.
        limits: for all of it, redirects included.
        headers: beside User-Agent and Accept; Authorization and Cookie do not follow a redirect to another server.
        body: of the request.
        tls: how an https server is verified; by the system's authorities without it.
        sink: takes the answer's body, which `HttpResponse.body` then does not hold.
        redirects: how many are followed, of a GET or HEAD; beyond them it is an error. Of other methods, and with 0,
            an answer that redirects is an answer like any other.

    Raises:
        ResponseTooLarge: when the body is longer than the bound.
        ExchangeFailed: when there is no answer, or not within the time.
    """
    deadline = Deadline(limits.seconds)
    most = redirects if method in _REPEATABLE else 0
    at, asked = url, {"User-Agent": _AGENT, "Accept": "*/*"} | dict(headers or {})
    for followed in range(most + 1):
        try:
            parts = urlsplit(at)
            with connected(parts, tls, deadline) as connection:
                connection.request(method, _target(parts), body, asked)
                response = connection.getresponse()
                location = response.getheader("Location") if response.status in _REDIRECTS else None
                if location is None or not most:
                    return _response(response, limits.octets, sink, followed)
        except ResponseTooLarge as error:
            raise ResponseTooLarge(f"{method} {url} got no answer: {error}.") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ExchangeFailed(f"{method} {url} got no answer: {_why(error, limits)}.") from error
        before, at = at, urljoin(at, location)
        if urlsplit(at).scheme not in PORTS:
            raise ExchangeFailed(f"{method} {url} leads to what is neither http nor https.")
        if _origin(at) != _origin(before):
            asked = {name: value for name, value in asked.items() if name.lower() not in _FOR_THE_ORIGIN}
    raise ExchangeFailed(f"{method} {url} was redirected more than {most} times.")


def _target(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    return f"{path}?{parts.query}" if parts.query else path


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _response(response: http.client.HTTPResponse, most: int, sink: BinaryIO | None, redirects: int) -> HttpResponse:
    return HttpResponse(
        status=response.status,
        reason=response.reason if response.reason.isprintable() else "",
        headers={name.lower(): value for name, value in response.getheaders()},
        body=_body(response, most, sink),
        redirects=redirects,
    )


def _body(response: http.client.HTTPResponse, most: int, sink: BinaryIO | None) -> bytes:
    kept = io.BytesIO()
    into = kept if sink is None else sink
    size = 0
    # A length that was said need not be waited for.
    is_too_large = (response.length or 0) > most
    while not is_too_large and (block := response.read(_BLOCK)):
        size += len(block)
        is_too_large = size > most
        if not is_too_large:
            into.write(block)
    if is_too_large:
        raise ResponseTooLarge(f"it is larger than {most} octets")
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return kept.getvalue()


def _why(error: Exception, limits: ExchangeLimits) -> str:
    match error:
        case TimeoutError() if error.errno is None:
            return f"it took longer than {limits.seconds:g} s"
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
