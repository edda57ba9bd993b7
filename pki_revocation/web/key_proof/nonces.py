"""Nonces of ACME (RFC 8555 section 6.5): made without a database, used once on all nodes together.

A nonce is sixteen random octets, its end, and a keyed digest over both: any worker that has the installation's session
key knows it for ours, and giving one out costs no write. What was used is written down until it would be over anyway,
so that the table holds no more than what was really sent within the hour.
"""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

from pki_revocation.clock import Clock
from pki_revocation.encoding.possession.json_web_key import from_base64url, to_base64url
from pki_revocation.encoding.possession.proven_key import MalformedProof

LIFETIME = timedelta(hours=1)
_RANDOM, _END, _DIGEST = 16, 8, 16


class Nonces:
    """Makes nonces and knows its own."""

    def __init__(self, session_key: str, clock: Clock) -> None:
        """*session_key* is the same on all nodes; *clock* says when a nonce is over."""
        self._key = hmac.digest(session_key.encode(), b"pki-revocation ACME nonces", hashlib.sha256)
        self._clock = clock

    def new(self) -> str:
        """A nonce, for the header Replay-Nonce."""
        end = int((self._clock.now() + LIFETIME).timestamp())
        said = secrets.token_bytes(_RANDOM) + end.to_bytes(_END)
        return to_base64url(said + self._digest(said))

    def read(self, nonce: str | None) -> tuple[bytes, datetime] | None:
        """The random octets of a nonce and when it ends; None for one that was not made here, or is over."""
        try:
            octets = from_base64url(nonce, "The nonce")
        except MalformedProof:
            return None
        said, digest = octets[: _RANDOM + _END], octets[_RANDOM + _END :]
        if len(octets) != _RANDOM + _END + _DIGEST or not hmac.compare_digest(digest, self._digest(said)):
            return None
        end = datetime.fromtimestamp(int.from_bytes(said[_RANDOM:]), UTC)
        return None if end < self._clock.now() else (said[:_RANDOM], end)

    def _digest(self, said: bytes) -> bytes:
        return hmac.digest(self._key, said, hashlib.sha256)[:_DIGEST]
