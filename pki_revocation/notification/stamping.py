"""Gives each revocation a time stamp after its commit: nothing waits for it, and an outage of the authorities ends.

Rows are stamped in the journal's order. Those that were recorded longer than thirty days before this process looks
first get none: a stamp of today says nothing of them that matters, and an installation that begins with stamps has
perhaps a million.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from pki_revocation import journal
from pki_revocation.clock import Clock, iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer, JournalEntry
from pki_revocation.proof.record import canonical_record
from pki_revocation.proof.stamps.answer import CheckedStamp
from pki_revocation.proof.stamps.authority import StampAuthority, StampRefused, authorities_of
from pki_revocation.proof.stamps.settings import TimestampSettings
from pki_revocation.proof.stamps.store import LOOKS_BACK, add_stamp, backlog, last_before, unstamped
from pki_revocation.register.issuers import all_issuers
from pki_revocation.runtime.item_failures import ItemFailures

from . import stamp_metrics as metrics

_log = logging.getLogger(__name__)
_BATCH = 20
# Two clocks may differ by so much. A stamp from before the revocation would prove the wrong thing.
_CLOCKS_APART = timedelta(minutes=5)


class LeaseState(Protocol):
    """Whether this process is the one that works."""

    @property
    def is_held(self) -> bool:
        """Whether it has the lease at this moment."""
        ...


@dataclass(frozen=True, slots=True)
class _Place:
    """Up to where an issuer's journal has all its stamps; *reference* is None at its beginning."""

    sequence: int
    reference: str | None


class Stamper:
    """Stamps what lacks a stamp; `failures` are those of the authorities, by their addresses."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        authorities: Sequence[StampAuthority],
        turn: LeaseState,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*authorities* are asked in their order; *turn* says whether this process works."""
        self._database = database
        self._clock = clock
        self._authorities = authorities
        self._turn = turn
        self._places: dict[int, _Place] = {}
        self.failures = ItemFailures(
            _log, failing="it gives no time stamp", working="it stamps again", monotonic=monotonic
        )

    @classmethod
    def of(cls, installation: Installation, database: Database, clock: Clock, turn: LeaseState) -> "Stamper | None":
        """With the authorities that [timestamps] names; None where it names none.

        Raises:
            ConfigurationError: when the section is wrong, or a file that it names.
        """
        settings = installation.section(TimestampSettings)
        if not settings.is_on:
            return None
        return cls(database=database, clock=clock, authorities=authorities_of(installation, settings), turn=turn)

    def stamp_due(self) -> int:
        """Stamp what waits, and give how many were; what gets none now waits for the next call.

        Raises:
            StoreError: when the database does not answer.
        """
        with self._database.read() as connection:
            issuers = all_issuers(connection)
        count = sum(self._stamp_journal(issuer) for issuer in issuers)
        with self._database.read() as connection:
            waits = [backlog(connection, each.id, self._place(connection, each.id).sequence) for each in issuers]
        since = min((each.since for each in waits if each.since is not None), default=None)
        metrics.waiting(sum(each.count for each in waits), since, self._clock.now())
        return count

    def _stamp_journal(self, issuer: Issuer) -> int:
        count = 0
        while self._turn.is_held:
            with self._database.read() as connection:
                head = journal.read_head(connection, issuer.id)
                place = self._place(connection, issuer.id)
                rows = unstamped(connection, issuer.id, place.sequence, _BATCH)
                through = rows[0][0] - 1 if rows else head.sequence
                if through > place.sequence:
                    self._places[issuer.id] = _place_at(connection, issuer.id, through)
                entries = [journal.entry_with_reference(connection, reference) for _, reference in rows]
            for entry in entries:
                if entry is not None and not self._stamp(issuer, entry):
                    return count
                count += 1
            if len(rows) < _BATCH:
                return count
        return count

    def _place(self, connection: Connection, issuer_id: int) -> _Place:
        """Where to go on; from the beginning when the journal was put back, which may have grown past the place."""
        place = self._places.get(issuer_id)
        if place is not None and place == _place_at(connection, issuer_id, place.sequence):
            return place
        begin = _place_at(connection, issuer_id, last_before(connection, issuer_id, self._clock.now() - LOOKS_BACK))
        self._places[issuer_id] = begin
        return begin

    def _stamp(self, issuer: Issuer, entry: JournalEntry) -> bool:
        record = canonical_record(issuer, entry)
        for authority in self._authorities:
            if not self.failures.is_due(authority.url):
                continue
            with self.failures.attempt(authority.url):
                stamp = self._asked(authority, record, entry.recorded_at)
                with self._database.write() as connection:
                    add_stamp(connection, entry.reference, record, authority.url, stamp)
                metrics.made(authority.url)
                return True
        return False

    def _asked(self, authority: StampAuthority, record: bytes, recorded_at: datetime) -> CheckedStamp:
        try:
            stamp = authority.stamp(record)
            if stamp.stamped_at < recorded_at - _CLOCKS_APART:
                raise StampRefused(  # noqa: TRY301 - counted as the others are
                    f"{authority.url} stamped {iso(stamp.stamped_at)} on what was recorded at {iso(recorded_at)}: one "
                    "of the two clocks is wrong."
                )
        except StampRefused:
            metrics.failed(authority.url)
            raise
        return stamp


def _place_at(connection: Connection, issuer_id: int, sequence: int) -> _Place:
    entry = journal.entry_at(connection, issuer_id, sequence)
    return _Place(sequence, None if entry is None else entry.reference)
