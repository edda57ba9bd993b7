"""OCSP in HTTP, without a server: paths, headers, and 304 (RFC 6960 A.1, RFC 9919 sections 5 to 7)."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp_responder.errors import MalformedRequest
from ocsp_responder.http.transport import HttpAnswer, http_date, in_http, is_request_type, request_in_path
from ocsp_responder.signing.response import Answer, Validity

NOW = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
MAX_AGE = timedelta(seconds=300)
SHARED = Answer(
    der=b"answer",
    shared=Validity(this_update=NOW, next_update=NOW + timedelta(hours=24), refresh_at=NOW + timedelta(hours=12)),
)
TAG = f'"{hashlib.sha256(b"answer").hexdigest()}"'


def header(answer: HttpAnswer, name: str) -> str | None:
    """One header; it must not be there twice."""
    found = [value for key, value in answer.headers if key.lower() == name.lower()]
    assert len(found) <= 1
    return found[0] if found else None


@given(request=st.binary(max_size=100))
def test_every_way_of_writing_a_request_is_read(request: bytes) -> None:
    """Raw, base64url, unpadded, slashes in front, plus as space: all the same request."""
    encoded = base64.b64encode(request).decode()
    ways = [
        encoded,
        encoded.replace("+", " "),
        encoded.rstrip("="),
        base64.urlsafe_b64encode(request).decode(),
        base64.urlsafe_b64encode(request).decode().rstrip("="),
    ]
    # A request is a SEQUENCE and begins with M; only what begins otherwise could lose a slash of its own.
    if not encoded.startswith("/"):
        ways += ["/" + encoded, "//" + encoded]
        assert [request_in_path(way) for way in ways] == [request] * len(ways)


@pytest.mark.parametrize(
    "path",
    ["MFQw!UjBQ", "MFQwUjB\n", "MFQw%zz", "MFQ=wUjB", "=MFQw", "MFQwU", "MFQw?x", "MFQw\ufffd", "MFQw%0AUjBQ", "é"],
)
def test_nothing_is_skipped(path: str) -> None:
    """RFC 9919 section 5: base64 without whitespace; a foreign letter is an error, not to be read over."""
    with pytest.raises(MalformedRequest):
        request_in_path(path)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/ocsp-request", True),
        ("Application/OCSP-Request", True),
        ("application/ocsp-request; charset=utf-8", True),
        ("application/ocsp-request ;a=b;c", True),
        ("application/ocsp-requests", False),
        ("application/octet-stream", False),
        ("text/plain; application/ocsp-request", False),
        ("", False),
    ],
)
def test_media_type(content_type: str, *, expected: bool) -> None:
    """RFC 9110 section 8.3.1: type and subtype in any case, parameters as they come."""
    assert is_request_type(content_type) is expected


def test_headers_of_an_answer_that_may_be_shared() -> None:
    """RFC 9919 section 7.2, header by header (O26, O27)."""
    sent = in_http(SHARED, now=NOW + timedelta(seconds=5), max_age=MAX_AGE)

    assert (sent.status, sent.body) == (200, b"answer")
    assert dict(sent.headers) == {
        "Content-Type": "application/ocsp-response",
        "Cache-Control": "max-age=300, public, no-transform, must-revalidate",
        "ETag": TAG,
        "Last-Modified": "Mon, 23 Nov 2026 14:03:22 GMT",
        "Expires": "Tue, 24 Nov 2026 14:03:22 GMT",
        "Date": "Mon, 23 Nov 2026 14:03:27 GMT",
    }


def test_headers_of_what_nobody_may_keep() -> None:
    """RFC 9919 section 7.2: no-store, and nothing that a cache could go by."""
    sent = in_http(Answer(der=b"refused", shared=None), now=NOW, max_age=MAX_AGE, if_none_match="*")

    assert (sent.status, sent.body) == (200, b"refused")
    assert dict(sent.headers) == {
        "Content-Type": "application/ocsp-response",
        "Cache-Control": "no-store",
        "Date": "Mon, 23 Nov 2026 14:03:22 GMT",
    }


@pytest.mark.parametrize(("left", "seconds"), [(86400, 300), (301, 300), (300, 299), (2, 1), (1, 0), (0, 0), (-5, 0)])
def test_max_age_ends_before_next_update(left: int, seconds: int) -> None:
    """RFC 9919 section 7.2: a cache never keeps an answer up to nextUpdate, let alone beyond."""
    begun = NOW - timedelta(hours=8)
    validity = Validity(this_update=begun, next_update=NOW + timedelta(seconds=left), refresh_at=begun)

    sent = in_http(Answer(der=b"answer", shared=validity), now=NOW, max_age=MAX_AGE)

    assert header(sent, "Cache-Control") == f"max-age={seconds}, public, no-transform, must-revalidate"


@pytest.mark.parametrize("given", [TAG, f"W/{TAG}", f'"other", {TAG}', "*"])
def test_304_for_the_same_octets(given: str) -> None:
    """RFC 9110 section 15.4.5: the same tag, no body, and the headers that a cache renews itself with."""
    sent = in_http(SHARED, now=NOW, max_age=MAX_AGE, if_none_match=given)

    assert (sent.status, sent.body) == (304, b"")
    assert header(sent, "ETag") == TAG
    assert header(sent, "Content-Type") is None
    assert header(sent, "Cache-Control") is not None


@pytest.mark.parametrize("given", ['"other"', TAG.strip('"'), "", "W/"])
def test_200_for_other_octets(given: str) -> None:
    """A tag that is not this answer's gets the answer."""
    assert in_http(SHARED, now=NOW, max_age=MAX_AGE, if_none_match=given).status == 200


def test_dates_end_in_gmt() -> None:
    """RFC 9110 section 5.6.7: IMF-fixdate, two digits for the day."""
    assert http_date(datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)) == "Tue, 03 Feb 2026 04:05:06 GMT"
