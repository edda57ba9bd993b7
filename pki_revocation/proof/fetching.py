"""One bounded HTTP request to a service of the installation: so many octets, so much time, no proxy, no redirect."""

import http.client
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from .addresses import ServiceAddress

_log = logging.getLogger(__name__)
# Between the click and the document; each of at most two addresses.
TIMEOUT_SECONDS = 3.0


class TooLarge(Exception):
    """What is there is larger than was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """What is asked: a GET, or a POST of *body*; at most *limit* octets are taken."""

    limit: int
    body: bytes | None = None
    headers: Mapping[str, str] | None = None


class _NoRedirect(HTTPRedirectHandler):
    """A service of ours answers itself."""

    def redirect_request(self, *_arguments: object) -> None:
        """Follow no redirect: only the configured addresses are connected to."""


def fetch(address: ServiceAddress, exchange: FetchRequest) -> bytes | None:
    """The body of the first address that answers with 200; None when none does.

    Raises:
        TooLarge: when the body is longer than the exchange allows.
    """
    opener = build_opener(ProxyHandler({}), _NoRedirect())
    for url in address.candidates:
        try:
            return _fetched(opener, url, exchange)
        except HTTPError as error:
            error.close()
            _log.warning("%s answered with status %s", url, error.code)
        except (OSError, http.client.HTTPException, ValueError) as error:
            _log.warning("%s does not answer: %s", url, error)
    return None


def _fetched(opener: OpenerDirector, url: str, exchange: FetchRequest) -> bytes:
    if not url.startswith(("http://", "https://")):
        message = "not an http address"
        raise ValueError(message)
    request = Request(url, data=exchange.body, headers=dict(exchange.headers or {}))  # noqa: S310 - looked at above
    with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
        if int(response.headers.get("Content-Length") or 0) > exchange.limit:
            raise TooLarge
        body: bytes = response.read(exchange.limit + 1)
    if len(body) > exchange.limit:
        raise TooLarge
    return body
