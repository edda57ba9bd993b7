"""Asks a service of the installation for evidence, and waits for none that is slow while others wait for theirs."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from pki_revocation.host.http_client import ExchangeFailed, ExchangeLimits, ResponseTooLarge, exchange

from .addresses import ServiceAddress

_log = logging.getLogger(__name__)
# Between the click and the document, for both addresses of a service together.
TIMEOUT_SECONDS = 3.0
# One that takes so long may take all of the time: requests that come meanwhile do without it.
_SLOW_SECONDS = 0.5
# After it took all of the time, receipts do without it for a while.
_REST_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """What is asked: a GET, or a POST of *body*; at most *limit* octets are taken."""

    limit: int
    body: bytes | None = None
    headers: Mapping[str, str] | None = None


class ServiceClient:
    """Asks one service by its addresses; used by many threads.

    A slow service is waited for by the first callers alone: later ones get None at once, and so do all callers for a
    while after it took all of the time. Their receipt lacks its evidence, and says so.
    """

    def __init__(
        self,
        address: ServiceAddress,
        *,
        seconds: float = TIMEOUT_SECONDS,
        slow: float = _SLOW_SECONDS,
        rest: float = _REST_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is asked yet; all times are in seconds."""
        self.address = address
        self._seconds = seconds
        self._slow = slow
        self._rest = rest
        self._monotonic = monotonic
        self._lock = threading.Lock()
        # When those that wait now began to.
        self._waiting: list[float] = []
        self._rests_until = float("-inf")

    def fetch(self, request: FetchRequest, path: str = "") -> bytes | None:
        """The body of the first address that answers with 200; None when none does, or it cannot be waited for.

        Args:
            request: what is asked.
            path: below the service's address.

        Raises:
            ResponseTooLarge: when the body is longer than the request allows.
        """
        begin = self._monotonic()
        with self._lock:
            if begin < self._rests_until or any(begin - each > self._slow for each in self._waiting):
                return None
            self._waiting.append(begin)
        try:
            return self._fetched(request, path, begin + self._seconds)
        finally:
            now = self._monotonic()
            with self._lock:
                self._waiting.remove(begin)
                if now - begin >= self._seconds:
                    self._rests_until = now + self._rest

    def _fetched(self, request: FetchRequest, path: str, give_up_at: float) -> bytes | None:
        address = self.address.below(path) if path else self.address
        for place, url in enumerate(address.candidates):
            # The first must leave some of the time for the second.
            left = (give_up_at - self._monotonic()) / (len(address.candidates) - place)
            if left <= 0:
                break
            try:
                answer = exchange(
                    "GET" if request.body is None else "POST",
                    url,
                    limits=ExchangeLimits(seconds=left, octets=request.limit),
                    headers=request.headers,
                    body=request.body,
                )
            except ResponseTooLarge:
                raise
            except ExchangeFailed as error:
                _log.warning("%s", error)
                continue
            if answer.status == HTTPStatus.OK:
                return answer.body
            _log.warning("%s answered with status %s", url, answer.status)
        return None
