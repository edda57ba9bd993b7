"""A server that takes PUT (RFC 9110 section 9.3.4): WebDAV, an artefact store, a CDN's origin.

Where the server gives a strong ETag the PUT is conditional, so that of two publishers the older one's is refused. A
server that ignores conditions leaves the time between asking and writing open; what went wrong there is found by the
next check and put right.
"""

import contextlib
import hashlib
import ssl
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from crl_publisher.errors import NumberNotAbove, OutletError
from pki_revocation.host.failpoints import reach
from pki_revocation.host.http_client import ExchangeFailed, ExchangeLimits, HttpResponse, exchange

from .credentials import OutletCredentials
from .port import NumberOf, media_type

_LARGEST = 1 << 30
_ATTEMPTS = 5
_MISSING = {404, 410}
_CONFLICT = {409, 412}
_REFUSED = {401, 403}


class HttpPutOutlet:
    """Everything below one address."""

    def __init__(
        self, url: str, *, credentials: OutletCredentials, seconds: float, tls: ssl.SSLContext | None = None
    ) -> None:
        """*url* has no credentials in it; *seconds* is for one request."""
        self._url = url.rstrip("/")
        self._limits = ExchangeLimits(seconds=seconds, octets=_LARGEST)
        self._tls = tls
        authorization = credentials.authorization()
        self._headers = {} if authorization is None else {"Authorization": authorization}

    def fetch(self, path: str) -> bytes | None:
        """The body of a GET; None for 404 and 410."""
        found = self._get(path)
        return None if found is None else found.body

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[BinaryIO | None]:
        """What `fetch` gives, as a stream; all of it is in memory."""
        data = self.fetch(path)
        yield None if data is None else BytesIO(data)

    def sha256(self, path: str) -> bytes | None:
        """SHA-256 over the body of a GET, or None: the server's own word for it is not enough."""
        data = self.fetch(path)
        return None if data is None else hashlib.sha256(data).digest()

    def exists(self, path: str) -> bool:
        """Whether HEAD succeeds; False also when the server does not answer."""
        try:
            return self._ask("HEAD", path).is_success
        except OutletError:
            return False

    def replace(self, path: str, crl: bytes, *, number: int, number_of: NumberOf) -> None:
        """Read the number that is there, and write on condition that the same version is still there."""
        for _ in range(_ATTEMPTS):
            found = self._get(path)
            held = None if found is None else number_of(found.body)
            if held is not None and held >= number:
                raise NumberNotAbove(
                    f"{self._address(path)} holds CRL number {held} already, and {number} is not above it."
                )
            reach("http.checked")
            if self._put(path, crl, found):
                return
        raise OutletError(f"{self._address(path)} changes all the time: another publisher may be writing to it.")

    def put(self, path: str, data: bytes) -> None:
        """Write, unless it is there with these contents already."""
        for _ in range(_ATTEMPTS):
            found = self._get(path)
            if found is not None and found.body == data:
                return
            if self._put(path, data, found):
                return
        raise OutletError(f"{self._address(path)} changes all the time: another publisher may be writing to it.")

    def _get(self, path: str) -> HttpResponse | None:
        # Whatever lies between must ask the server again (RFC 9111 section 5.2.1.4).
        answer = self._ask("GET", path, {"Cache-Control": "no-cache"})
        if answer.status in _MISSING:
            return None
        if not answer.is_success:
            raise OutletError(f"GET {self._address(path)} was answered {answer}{_advice(answer)}.")
        return answer

    def _put(self, path: str, data: bytes, seen: HttpResponse | None) -> bool:
        """Whether it was written; False when another writer was faster.

        Raises:
            OutletError: for any other refusal, and when the server does not answer.
        """
        headers = {"Content-Type": media_type(path)} | _condition(seen)
        answer = self._ask("PUT", path, headers, data)
        if answer.status in _CONFLICT and ("If-Match" in headers or "If-None-Match" in headers):
            return False
        if not answer.is_success:
            raise OutletError(f"PUT {self._address(path)} was answered {answer}{_advice(answer)}.")
        return True

    def _ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> HttpResponse:
        try:
            return exchange(
                method,
                self._address(path),
                limits=self._limits,
                headers=self._headers | (headers or {}),
                body=body,
                tls=self._tls,
            )
        except ExchangeFailed as error:
            raise OutletError(str(error)) from error

    def _address(self, path: str) -> str:
        return f"{self._url}/{path}"


def _condition(seen: HttpResponse | None) -> dict[str, str]:
    """The header that makes a PUT conditional on what was seen; If-Match needs a strong ETag (RFC 9110 13.1.1)."""
    if seen is None:
        return {"If-None-Match": "*"}
    etag = seen.headers.get("etag", "")
    return {"If-Match": etag} if etag.startswith('"') else {}


def _advice(answer: HttpResponse) -> str:
    return ": the credentials of this outlet are missing or not accepted" if answer.status in _REFUSED else ""
