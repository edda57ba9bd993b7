"""OCSP in HTTP, without a framework: requests out of paths, answers into headers (RFC 6960 A.1, RFC 9919 5 to 7).

Answers that may be shared carry everything a cache needs; refusals, answers to a nonce and unknown serials carry
`no-store`. An OCSP refusal is an answer like any other and has status 200; other statuses are for what is no OCSP.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus

from ocsp_responder.errors import MalformedRequest
from ocsp_responder.signing.response import Answer, Validity

REQUEST_TYPE = "application/ocsp-request"
RESPONSE_TYPE = "application/ocsp-response"
# Real requests of one certificate are under 300 octets in base64; a hundred with SHA-512 are under 20 kB in a body.
GET_LIMIT = 4 * 1024
POST_LIMIT = 64 * 1024
# A target of that length in which every letter is percent-encoded, and the responder's address before it.
TARGET_LIMIT = 3 * GET_LIMIT + 1024
ALLOWED = ("GET", "HEAD", "POST")

_STATUS_LINES: dict[int, str] = {
    status: f"HTTP/1.1 {status.value} {status.phrase}" for status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED)
}
_UNKEPT = (("Content-Type", RESPONSE_TYPE), ("Cache-Control", "no-store"))
_UNKEPT_HEAD = "".join(
    f"{line}\r\n"
    for line in (_STATUS_LINES[HTTPStatus.OK], *(f"{name}: {value}" for name, value in _UNKEPT), "Content-Length: %d")
).encode()
_BASE64URL = str.maketrans("-_ ", "+/+")
_QUANTUM = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpEndpoint:
    """Where the responder is, and how long caches may keep what it says.

    *path* is that of its address, such as `/ocsp`, without a slash at its end, and empty for an address without one;
    *max_age* ends before nextUpdate whatever it says.
    """

    path: str
    max_age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """Status, headers and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def request_in_path(text: str) -> bytes:
    """The request in what follows the responder's address in a GET path, percent-decoded.

    Taken as well as the standard's base64: slashes in front (`/ocsp//MF…`, which clients make by joining), a `+` that
    was read as a space, base64url, and missing padding. Nothing is skipped: a foreign letter is an error.

    Raises:
        MalformedRequest: when it is no base64.
    """
    encoded = text.lstrip("/").translate(_BASE64URL).rstrip("=")
    padding = "=" * (-len(encoded) % _QUANTUM)
    try:
        return base64.b64decode(encoded + padding, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedRequest(f"The path is no request in base64: {error}.") from error


def is_request_type(content_type: str) -> bool:
    """Whether a body says that it is an OCSP request; parameters change nothing."""
    return content_type.partition(";")[0].strip().lower() == REQUEST_TYPE


def in_http(answer: Answer, *, now: datetime, max_age: timedelta, if_none_match: str | None = None) -> HttpAnswer:
    """The answer with its headers (RFC 9919 section 7.2), or 304 where the client has these very octets already.

    Args:
        answer: what to send.
        now: the moment of sending.
        max_age: how long a cache may keep it at most; never as long as it is valid.
        if_none_match: that header of a GET. There is no answering by date: a status can change within the second.
    """
    if answer.shared is None:
        return HttpAnswer(status=200, headers=(*_UNKEPT, ("Date", http_date(now))), body=answer.der)
    etag = f'"{hashlib.sha256(answer.der).hexdigest()}"'
    headers = (
        ("Content-Type", RESPONSE_TYPE),
        ("Cache-Control", _cache_control(answer.shared, now, max_age)),
        ("ETag", etag),
        ("Last-Modified", http_date(answer.shared.this_update)),
        ("Expires", http_date(answer.shared.next_update)),
        ("Date", http_date(now)),
    )
    if if_none_match is not None and matches(if_none_match, etag):
        # RFC 9110 section 15.4.5: the headers of the 200, without those that describe a body.
        return HttpAnswer(status=304, headers=headers[1:], body=b"")
    return HttpAnswer(status=200, headers=headers, body=answer.der)


def head(http: HttpAnswer) -> bytes:
    """Status line and header lines as octets, without Date and without the empty line: what can be kept and sent again.

    A 304 says nothing of its body's length (RFC 9110 section 8.6).
    """
    lines = [_STATUS_LINES[http.status], *(f"{name}: {value}" for name, value in http.headers if name != "Date")]
    if http.status == HTTPStatus.OK:
        lines.append(f"Content-Length: {len(http.body)}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def unkept_head(length: int) -> bytes:
    """The head of a 200 that no cache may keep, with a body of so many octets: `in_http`'s for an unshared answer."""
    return _UNKEPT_HEAD % length


def http_date(moment: datetime) -> str:
    """The moment as an IMF-fixdate (RFC 9110 section 5.6.7), ending in GMT."""
    return format_datetime(moment, usegmt=True)


def _cache_control(validity: Validity, now: datetime, max_age: timedelta) -> str:
    """The Cache-Control of an answer: its max-age ends before nextUpdate (RFC 9919 section 7.2)."""
    left = int((validity.next_update - now).total_seconds()) - 1
    seconds = max(0, min(int(max_age.total_seconds()), left))
    return f"max-age={seconds}, public, no-transform, must-revalidate"


def matches(if_none_match: str, etag: str) -> bool:
    """Whether If-None-Match names this tag (RFC 9110 section 13.1.2): any of its list, compared weakly; `*` is any."""
    listed = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return etag in listed or listed == ["*"]
