"""Statuses as they may be said while a journal lacks what its public CRL lists (`missing_revocations`)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ocsp_responder.status import Good, Revoked, Status, StatusReading, StatusSource
from pki_revocation.clock import Clock
from pki_revocation.errors import StoreError

from .missing_revocations import MissingRevocations


class GuardedStatusSource:
    """A `StatusSource` that says nothing but `revoked` of an issuer whose journal lacks revocations."""

    def __init__(
        self, source: StatusSource, missing: MissingRevocations, clock: Clock, parents: Mapping[int, tuple[int, int]]
    ) -> None:
        """Ask *source*, and believe it where *missing* knows of nothing, of the issuer and the issuer above it."""
        self._source = source
        self._missing = missing
        self._clock = clock
        self._parents = parents

    def read(self, issuer_id: int, serials: Sequence[int]) -> StatusReading:
        """As `StatusSource` says.

        Raises:
            StoreError: when one of them is neither listed nor revoked by the journal.
        """
        if not self._missing.any:
            return self._source.read(issuer_id, serials)
        parent = self._parents.get(issuer_id)
        above = None if parent is None else self._missing.of(parent[0])
        own = self._missing.of(issuer_id)
        if own is None and above is None:
            return self._source.read(issuer_id, serials)
        listed: Mapping[int, Revoked] = {} if own is None else own.revoked
        now = self._clock.now()
        reading = StatusReading(moment=now, statuses=(), sequence=0, issuer_revoked=None)
        known: Sequence[Status | None] = [None] * len(serials)
        try:
            reading = self._source.read(issuer_id, serials)
            known = reading.statuses
        except StoreError:
            # What the CRL lists is revoked, whatever else cannot be known.
            if not listed.keys() >= set(serials):
                raise
        found = tuple(_worst(listed.get(serial), status) for serial, status in zip(serials, known, strict=True))
        revoked = tuple(each for each in found if each is not None)
        if len(revoked) < len(serials):
            raise StoreError(f"The public CRL lists what the journal lacks: {self._missing.trouble}")
        moment = max(reading.moment, *(each.revocation_date for each in revoked))
        return replace(reading, moment=moment, statuses=revoked, issuer_revoked=None)


def _worst(listed: Revoked | None, known: Status | None) -> Revoked | None:
    """Revoked by either, with the certificate's end where the register knows it."""
    if isinstance(known, Revoked):
        return known
    if listed is None:
        return None
    return replace(listed, not_after=known.not_after) if isinstance(known, Good) else listed
