"""Fetches an address as a relying party does: a plain GET without cookies, caches or proxies, and few redirects."""

from dataclasses import dataclass
from typing import BinaryIO

from pki_revocation.host.http_client import ExchangeLimits, HttpResponse, exchange

_MOST_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class FetchedCrl:
    """The last answer, and a file with the body."""

    answer: HttpResponse
    body: BinaryIO


def fetch(url: str, limits: ExchangeLimits, body: BinaryIO) -> FetchedCrl:
    """Fetch into the empty file *body*; the limits are for all of it, redirects included.

    Raises:
        ExchangeFailed: when there is no answer within the limits, or too many redirects.
    """
    return FetchedCrl(exchange("GET", url, limits=limits, sink=body, redirects=_MOST_REDIRECTS), body)
