"""Statuses for the server's loop: what is kept or can be looked up without waiting, and nothing else.

Good and revoked stay as they are until the journal has a new row, and the watch tells of each. Unknown may become good
by an import, which the journal does not tell of, so it is looked up every time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ocsp_responder.errors import WouldWait
from ocsp_responder.status import Good, Revoked, Status, StatusReading, StatusSource, Unknown
from pki_revocation.clock import Clock
from pki_revocation.errors import StoreError

from .journal_watch import JournalWatch
from .rotating_cache import RotatingCache

# More certificates in one request than these are looked up by threads that may take their time.
_INLINE_LOOKUPS = 4


class KnownStatuses:
    """What was looked up lately: an `InvalidatedCache`."""

    def __init__(self, limit: int) -> None:
        """Hold at most *limit* certificates' statuses."""
        self._kept: RotatingCache[tuple[int, int], Good | Revoked] = RotatingCache(limit, lambda _key, _value: 1)

    def get(self, issuer_id: int, serial: int) -> Good | Revoked | None:
        """The kept status of a certificate, or None."""
        return self._kept.get((issuer_id, serial))

    def revoked(self, issuer_id: int, serial: int) -> Revoked | None:
        """The kept status of a certificate if it is a revocation, else None; for any thread."""
        kept = self._kept.peek((issuer_id, serial))
        return kept if isinstance(kept, Revoked) else None

    def put(self, issuer_id: int, serial: int, status: Status) -> None:
        """Keep a certificate's status, unless that is `Unknown`."""
        if not isinstance(status, Unknown):
            self._kept.put((issuer_id, serial), status)

    def drop(self, issuer_id: int, serials: Sequence[int]) -> None:
        """Forget the statuses of these certificates."""
        for serial in serials:
            self._kept.drop((issuer_id, serial))

    def clear(self) -> None:
        """Forget all statuses."""
        self._kept.clear()


class InlineStatusSource:
    """A `StatusSource` that never waits; for the server's loop, right after the watch has looked.

    It says what the journal says, and whether that is all there is, the watch knows (`RevokedFallbackSource`).
    """

    def __init__(
        self,
        watch: JournalWatch,
        known: KnownStatuses,
        *,
        parents: Mapping[int, tuple[int, int]],
        slow: Collection[int] = (),
    ) -> None:
        """Read what *watch* keeps up to date.

        Args:
            watch: says whether it is.
            known: what it drops from.
            parents: for issuers whose own certificate is registered, its issuer's id and its serial.
            slow: issuers whose keys take so long to sign that the loop must not.
        """
        self._watch = watch
        self._known = known
        self._parents = parents
        self._slow = slow

    def read(self, issuer_id: int, serials: Sequence[int]) -> StatusReading:
        """As `StatusSource` says.

        Raises:
            WouldWait: when a thread must do it.
            StoreError: when it cannot be known now.
        """
        if not self._watch.is_readable:
            raise StoreError(str(self._watch.why))
        moment = self._watch.moment()
        if moment is None and self._watch.fence_is_held:
            # Threads would wait for it as well, and soon all of them.
            raise StoreError(str(self._watch.trouble))
        sequence = self._watch.applied.get(issuer_id)
        if moment is None or sequence is None or issuer_id in self._slow or len(serials) > _INLINE_LOOKUPS:
            raise WouldWait
        statuses = tuple([self._status(issuer_id, serial, moment) for serial in serials])
        parent = self._parents.get(issuer_id)
        above = None if parent is None else self._status(*parent, moment)
        return StatusReading(
            moment=moment,
            statuses=statuses,
            sequence=sequence,
            issuer_revoked=above if isinstance(above, Revoked) else None,
        )

    def _status(self, issuer_id: int, serial: int, moment: datetime) -> Status:
        status: Status | None = self._known.get(issuer_id, serial)
        # Where it is not known what is good, what was good says nothing: the journal may have a row by now.
        if status is None or not (self._watch.is_current or isinstance(status, Revoked)):
            status = self._watch.journal.status(issuer_id, serial)
            if status is None:
                raise WouldWait
            self._known.put(issuer_id, serial, status)
        # Revoked in a second whose order could not be passed yet: an answer must not be dated before what it says.
        if isinstance(status, Revoked) and status.revocation_date > moment:
            raise WouldWait
        return status


class RevokedFallbackSource:
    """Where it cannot be known what is good: what is known to be revoked stays so, and the rest is an error.

    A revocation is irrevocable: its answer may be dated now whatever else happened, and one that a journal holds is one
    whatever that journal has lost.
    """

    def __init__(self, source: StatusSource, watch: JournalWatch, known: KnownStatuses, clock: Clock) -> None:
        """Ask *source*, and believe it while *watch* knows."""
        self._source = source
        self._watch = watch
        self._known = known
        self._clock = clock

    def read(self, issuer_id: int, serials: Sequence[int]) -> StatusReading:
        """As `StatusSource` says.

        Raises:
            StoreError: when one of them is not known to be revoked.
        """
        try:
            reading = self._source.read(issuer_id, serials)
        except StoreError:
            found = tuple(self._known.revoked(issuer_id, serial) for serial in serials)
            if None in found:
                raise
            sequence = self._watch.applied.get(issuer_id, 0)
            reading = StatusReading(moment=self._clock.now(), statuses=(), sequence=sequence, issuer_revoked=None)
        else:
            if self._watch.is_current:
                return reading
            found = tuple(
                self._known.revoked(issuer_id, serial) or (status if isinstance(status, Revoked) else None)
                for serial, status in zip(serials, reading.statuses, strict=True)
            )
        revoked = tuple(status for status in found if status is not None)
        if len(revoked) < len(serials):
            raise StoreError(str(self._watch.why))
        return replace(reading, statuses=revoked, issuer_revoked=None)
