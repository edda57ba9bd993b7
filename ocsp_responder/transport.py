"""OCSP in HTTP, without a framework: requests out of paths, answers into headers (RFC 6960 A.1, RFC 9919 5 to 7).

Answers that may be shared carry everything a cache needs; refusals, answers to a nonce and unknown serials carry
`no-store`. An OCSP refusal is an answer like any other and has status 200; other statuses are for what is no OCSP.
"""

import base64
import binascii
import hashlib
import urllib.parse
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

from .errors import MalformedRequest
from .response import Answer, Validity

REQUEST_TYPE = "application/ocsp-request"
RESPONSE_TYPE = "application/ocsp-response"
# Real requests of one certificate are under 300 octets in base64; a hundred with SHA-512 are under 20 kB in a body.
GET_LIMIT = 4 * 1024
POST_LIMIT = 64 * 1024

_BASE64URL = str.maketrans("-_ ", "+/+")
_QUANTUM = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """Status, headers and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def request_in_path(text: str) -> bytes:
    """The request in what follows the responder's address in a GET path, percent-decoded once or not at all.

    Taken as well as the standard's base64: slashes in front (`/ocsp//MF…`, which clients make by joining), a `+` that
    was read as a space, base64url, and missing padding. Nothing is skipped: a foreign letter is an error.

    Raises:
        MalformedRequest: when it is no base64.
    """
    encoded = urllib.parse.unquote(text).lstrip("/").translate(_BASE64URL).rstrip("=")
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
        unkept = (("Content-Type", RESPONSE_TYPE), ("Cache-Control", "no-store"), ("Date", http_date(now)))
        return HttpAnswer(status=200, headers=unkept, body=answer.der)
    etag = f'"{hashlib.sha256(answer.der).hexdigest()}"'
    headers = (
        ("Content-Type", RESPONSE_TYPE),
        ("Cache-Control", _cache_control(answer.shared, now, max_age)),
        ("ETag", etag),
        ("Last-Modified", http_date(answer.shared.this_update)),
        ("Expires", http_date(answer.shared.next_update)),
        ("Date", http_date(now)),
    )
    if if_none_match is not None and _matches(if_none_match, etag):
        # RFC 9110 section 15.4.5: the headers of the 200, without those that describe a body.
        return HttpAnswer(status=304, headers=headers[1:], body=b"")
    return HttpAnswer(status=200, headers=headers, body=answer.der)


def http_date(moment: datetime) -> str:
    """RFC 9110 section 5.6.7, ending in GMT."""
    return format_datetime(moment, usegmt=True)


def _cache_control(validity: Validity, now: datetime, max_age: timedelta) -> str:
    """RFC 9919 section 7.2: max-age ends before nextUpdate."""
    left = int((validity.next_update - now).total_seconds()) - 1
    seconds = max(0, min(int(max_age.total_seconds()), left))
    return f"max-age={seconds}, public, no-transform, must-revalidate"


def _matches(if_none_match: str, etag: str) -> bool:
    """RFC 9110 section 13.1.2: any of the list, compared weakly; `*` is any answer."""
    listed = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return etag in listed or listed == ["*"]
