"""What failures are counted by, as digests under a key that is not in the database.

A stolen database tells neither which client tried nor at which numbers; and a number that does not exist takes as many
octets, and as long, as one that does.
"""

import hashlib
import hmac
from dataclasses import dataclass

from pki_revocation.codes import Pepper

from .client_address import ClientAddress

_OCTETS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketKeys:
    """The keys of the four counters of one attempt, each a digest."""

    source: bytes
    number_and_source: bytes
    number: bytes
    overall: bytes

    def in_order(self) -> list[bytes]:
        """The keys in sorted order, the same for all writers, so that they never wait for each other in a circle."""
        return sorted((self.source, self.number_and_source, self.number, self.overall))


class BucketKeyDeriver:
    """Derives the keys under which failed attempts are counted.

    Keyed digests, from which neither number nor address can be read.
    """

    def __init__(self, pepper: Pepper) -> None:
        """Digest under a key of its own, derived from *pepper*."""
        self._key = pepper.derive("what failed attempts are counted by")

    def of(self, number: str, source: ClientAddress) -> BucketKeys:
        """The keys of the counters that an attempt at *number* from *source* counts in."""
        return BucketKeys(
            source=self._digest("source", source.network),
            number_and_source=self._digest("pair", f"{number} {source.network}"),
            number=self._digest("number", number),
            overall=self._digest("everybody", ""),
        )

    def _digest(self, kind: str, value: str) -> bytes:
        return hmac.digest(self._key, f"{kind}:{value}".encode(), hashlib.sha256)[:_OCTETS]
