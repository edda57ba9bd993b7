"""Fetches an address as a relying party does: a plain GET without cookies, caches or proxies, and few redirects."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

from crl_publisher.errors import ExchangeFailed
from crl_publisher.outlets.http_exchange import ExchangeLimits, HttpResponse, exchange

_REDIRECTS = {
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
}
_MOST_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class FetchedCrl:
    """The last answer, how many redirects led there, and a file with the body."""

    answer: HttpResponse
    redirects: int
    body: BinaryIO


def fetch(url: str, limits: ExchangeLimits, body: BinaryIO) -> FetchedCrl:
    """Fetch into the empty file *body*; the limits are for each step.

    Raises:
        ExchangeFailed: when there is no answer within the limits, or too many redirects.
    """
    at = url
    for redirects in range(_MOST_REDIRECTS + 1):
        body.seek(0)
        body.truncate()
        answer = exchange("GET", at, limits=limits, sink=body)
        if answer.status not in _REDIRECTS or "location" not in answer.headers:
            return FetchedCrl(answer, redirects, body)
        at = urljoin(at, answer.headers["location"])
        if urlsplit(at).scheme not in {"http", "https"}:
            raise ExchangeFailed(f"GET {url} leads to what is neither http nor https.")
    raise ExchangeFailed(f"GET {url} was redirected more than {_MOST_REDIRECTS} times.")
