"""Complete answers, by the octets of a request and by the targets that a GET writes them in.

Kept are signed answers to plain requests about certificates that exist: nothing else can take up room. A GET has two
targets for a request, with its base64 as it is and percent-encoded; other spellings are answered all the same, from
the request's octets. Both are keys of one dictionary, under one bound: a request's octets begin with DER's SEQUENCE,
and a target does not.
"""

import base64
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ocsp_responder.http.transport import HttpEndpoint, head, in_http
from ocsp_responder.signing.response import Answer

from .plain_request import PlainRequests, is_plain
from .rotating_cache import RotatingCache

# What Python needs beside the octets themselves: an entry with its fields, and a place in a dictionary.
_ENTRY_OCTETS = 600
_KEY_OCTETS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """An answer, ready to be sent.

    *head* lacks Date alone; *begin* and *end* are Unix seconds, between which it may be sent; *etag* has its quotes.
    """

    head: bytes
    body: bytes
    etag: str
    begin: float
    end: float
    revoked: bool
    answer: Answer


class AnswerCache:
    """Holds answers until they are due to be signed anew, or the journal changes them: an `InvalidatedCache`."""

    def __init__(
        self,
        *,
        limit: int,
        requests: Mapping[int, PlainRequests],
        parents: Mapping[int, tuple[int, int]],
        endpoint: HttpEndpoint,
    ) -> None:
        """Hold at most *limit* octets.

        Args:
            limit: roughly; each key of an answer is counted as if it held the answer alone.
            requests: for each issuer's id, its plain requests.
            parents: for issuers whose own certificate is registered, its issuer's id and its serial: a change there
                may change every answer.
            endpoint: what targets begin with, and for how long an answer is kept elsewhere.
        """
        self._kept: RotatingCache[bytes, KeptAnswer] = RotatingCache(limit, _octets)
        self._requests = requests
        self._parents = frozenset(parents.values())
        self._before_encoded = f"{endpoint.path}/".encode()
        self._max_age = endpoint.max_age

    def get(self, key: bytes, now: float) -> KeptAnswer | None:
        """The answer to a request's DER, or to a GET's target; None when there is none for this moment.

        Args:
            key: a target as it was sent, or a body that begins as DER does: any other body could spell a target.
            now: Unix seconds.
        """
        kept = self._kept.get(key)
        # The time is looked at for each request, because nothing removes an answer when its time is over: it stays
        # until another one takes its place. Before its beginning it is not said either, where the clock was set back.
        if kept is None or not kept.begin <= now < kept.end:
            return None
        return kept

    def peek(self, key: bytes, now: float) -> KeptAnswer | None:
        """The same for any thread: it moves nothing in the cache."""
        kept = self._kept.peek(key)
        return kept if kept is not None and kept.begin <= now < kept.end else None

    def put(self, request: bytes, answer: Answer, now: datetime) -> KeptAnswer | None:
        """Keep the answer to a request's DER, if it is one to be kept; then it is given back ready to be sent.

        Args:
            request: was read as DER, and *answer* is what it is answered with.
            answer: is kept when any client may be given it, and the request could not be varied without end.
            now: the moment of sending, from which the client's max-age counts.
        """
        validity = answer.shared
        if validity is None or not is_plain(request):
            return None
        http = in_http(answer, now=now, max_age=self._max_age)
        # The header lines are made once and sent as they are: max-age is the same for the last client as for the first.
        # RFC 9919 section 7.2 wants it to end before nextUpdate: a client that is sent the answer at its *end* may keep
        # it for max-age, and a second is left. Half-way through its validity it is signed anew, which nearly always
        # comes first; the other bound counts where the signer's certificate ends soon and cuts nextUpdate short.
        end = min(validity.refresh_at, validity.next_update - self._max_age - timedelta(seconds=1))
        headers = dict(http.headers)
        kept = KeptAnswer(
            head=head(http),
            body=http.body,
            etag=headers["ETag"],
            begin=validity.this_update.timestamp(),
            end=end.timestamp(),
            revoked=answer.revoked,
            answer=answer,
        )
        self._kept.put(request, kept)
        return kept

    def alias(self, target: bytes, request: bytes, kept: KeptAnswer) -> None:
        """Keep the same answer under a GET's target, where it is one of the two.

        Others would be found as well, and would stay when a revocation drops the two.
        """
        if target in self._targets(request):
            self._kept.put(target, kept)

    def drop(self, issuer_id: int, serials: Sequence[int]) -> None:
        """Forget the answers about these certificates under every key that there can be; all, if one is an issuer's."""
        if any((issuer_id, serial) in self._parents for serial in serials):
            self.clear()
        elif (requests := self._requests.get(issuer_id)) is not None:
            for serial in serials:
                for request in requests.about(serial):
                    self._kept.drop(request)
                    for target in self._targets(request):
                        self._kept.drop(target)

    def clear(self) -> None:
        """Forget all answers."""
        self._kept.clear()

    def __len__(self) -> int:
        """How many keys there are."""
        return len(self._kept)

    def _targets(self, request: bytes) -> tuple[bytes, bytes]:
        encoded = base64.b64encode(request)
        before = self._before_encoded
        return before + encoded, before + urllib.parse.quote_from_bytes(encoded, safe="").encode()


def _octets(key: bytes, kept: KeptAnswer) -> int:
    return len(key) + len(kept.head) + len(kept.body) + _ENTRY_OCTETS + _KEY_OCTETS
