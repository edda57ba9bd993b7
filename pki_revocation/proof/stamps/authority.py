"""Asks a time-stamp authority over HTTP (RFC 3161 section 3.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from cryptography import x509

from pki_revocation.config.installation import Installation
from pki_revocation.errors import PkiError
from pki_revocation.host.extras import require_extra
from pki_revocation.host.http_client import ExchangeFailed, ExchangeLimits, exchange

from .answer import LARGEST, CheckedStamp, checked_stamp
from .settings import StampHash, TimestampSettings

_QUERY = "application/timestamp-query"
_REPLY = "application/timestamp-reply"


class StampRefused(PkiError):
    """An authority gave no stamp that can be used; the sentence says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StampAuthority:
    """An authority by its address, the roots that it must lead to, and how long it may take, in seconds."""

    url: str
    anchors: Sequence[x509.Certificate]
    hash: StampHash
    seconds: float

    def stamp(self, octets: bytes) -> CheckedStamp:
        """A stamp over *octets*, with the authority's certificates in it.

        Raises:
            StampRefused: when it does not answer, refuses, or what it answers does not hold.
        """
        require_extra("signatures", "A time stamp")
        import rfc3161_client as tsp  # noqa: PLC0415 - brings an OpenSSL of its own, for what few installations use

        request = tsp.TimestampRequestBuilder(
            data=octets, hash_algorithm=tsp.HashAlgorithm[self.hash.name], nonce=True, cert_req=True
        ).build()
        try:
            answer = exchange(
                "POST",
                self.url,
                limits=ExchangeLimits(seconds=self.seconds, octets=LARGEST),
                headers={"Content-Type": _QUERY, "Accept": _REPLY},
                body=request.as_bytes(),
            )
        except ExchangeFailed as error:
            raise StampRefused(str(error)) from error
        if answer.status != HTTPStatus.OK:
            raise StampRefused(f"{self.url} answered with status {answer}.")
        try:
            return checked_stamp(answer.body, octets, self.anchors, nonce=request.nonce)
        except ValueError as error:
            raise StampRefused(f"The stamp of {self.url} cannot be used: {error}.") from error


def authorities_of(installation: Installation, settings: TimestampSettings) -> tuple[StampAuthority, ...]:
    """The authorities of [timestamps], in the order in which they are asked.

    Raises:
        ConfigurationError: for a file of *trust* that cannot be read or holds no certificate.
    """
    anchors = settings.anchors(installation)
    return tuple(
        StampAuthority(url=url, anchors=anchors, hash=settings.hash, seconds=settings.timeout.total_seconds())
        for url in settings.authorities
    )
