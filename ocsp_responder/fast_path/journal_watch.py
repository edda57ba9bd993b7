"""What this worker has applied of the journal, and whether it can know that this is all there is.

Two things take the knowledge away: the journal cannot be read; or it does not hold the row that was applied last (a
restored backup, which would un-revoke, however much has been written behind it since). Until the knowledge is back no
certificate is called `good`.

A wrong clock does not: every row is read whatever it is dated, an answer is dated by the earliest of the clocks
(`sound_clock`), and a revocation that is not there yet is dated no earlier than the answer (`commit_fence`). It is said
in the log while it is further off than the tolerance.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from pki_revocation.clock import Clock, iso
from pki_revocation.host.outage_log import OutageLog

from .journal_reader import JournalChanges, JournalPosition, JournalReader, JournalUnavailable

_log = logging.getLogger(__name__)
# A live answer may be dated by a moment this old, where the commit fence was held whenever it was to be passed.
_OLDEST_MOMENT = timedelta(seconds=2)


class InvalidatedCache(Protocol):
    """Keeps what follows from the journal, and is told of new rows before anything is answered from it."""

    def drop(self, issuer_id: int, serials: Sequence[int]) -> None:
        """Forget what was kept of these certificates of an issuer: they have new rows."""
        ...

    def clear(self) -> None:
        """Forget everything: any certificate may have new rows."""
        ...


class JournalWatch:
    """For one thread, the server's loop; `is_current` and `why` may be read by others."""

    def __init__(
        self, journal: JournalReader, clock: Clock, *, tolerance: timedelta, caches: Sequence[InvalidatedCache]
    ) -> None:
        """Know nothing yet.

        Args:
            journal: where to look.
            clock: this machine's.
            tolerance: how far it may be from the journal's last moment and from the database's clock, before the log
                tells of it.
            caches: are told what changed before anything is answered from what they keep.
        """
        self.journal = journal
        self.applied: Mapping[int, int] = {}
        self._reached: Mapping[int, JournalPosition] = {}
        self._clock = clock
        self._tolerance = tolerance
        self._caches = caches
        self._moment: datetime | None = None
        self._lost: str | None = "The journal has not been read yet."
        self._rewritten: str | None = None
        self._last_at: datetime | None = None
        self._ahead = timedelta()
        self._clock_outage = OutageLog(_log, failing="the clock is wrong", working="the clock is right again")
        self.why: str | None = self._lost

    @property
    def is_current(self) -> bool:
        """Whether `good` may be said of what was looked up since the last look began."""
        return self.why is None

    @property
    def is_readable(self) -> bool:
        """Whether the journal can be read, whatever else is wrong: then a revocation in it is one."""
        return self._lost is None

    def refresh(self) -> None:
        """Catch up, in this thread; afterwards everything that was committed before the call is applied."""
        try:
            found = self.prepare_poll()()
        except JournalUnavailable as error:
            self.mark_unavailable(str(error))
        else:
            self.accept(found)

    def prepare_poll(self) -> Callable[[], JournalChanges | None]:
        """A function that looks at the journal, for any thread; its result goes to `accept`."""
        journal, applied, dated, full = self.journal, self._reached, self._moment, not self.is_current
        return lambda: journal.poll(applied, dated, full=full)

    def accept(self, found: JournalChanges | None) -> None:
        """Apply the changes that a look found; what cannot be applied is not known, and is looked for again."""
        if found is None:
            return
        try:
            self._accept(found)
        except Exception as error:  # noqa: BLE001 - what waits for this look must not be answered from what was kept
            _log.exception("what changed could not be applied")
            self.mark_unavailable(f"What changed could not be applied: {error}.")

    def _accept(self, found: JournalChanges) -> None:
        # 1. The moment by which answers are dated: when the fence was passed, which was before anything else in
        #    *found* was read, so that all rows dated before it are there. Where the fence was held there is no new
        #    one, and the one before stays: it grows old, and `moment` gives it out for two seconds.
        if found.moment is not None:
            self._moment = found.moment
        self._last_at, self._ahead = found.last_at, found.ahead
        # 2. Whether this is the journal that was applied, going on: it must still hold the row that was applied last.
        was_rewritten, self._rewritten = self._rewritten, self._missing_row(found)
        self._lost = None
        if found.replaced:
            _log.warning("another file has taken the database's place")
        # 3. Only then are its rows applied. From another journal nothing is taken over: what is known to be revoked
        #    stays so, and nothing else is said. When the right one is back, rows may have come in any number meanwhile
        #    without being listed as changes, so that everything kept is forgotten first.
        if self._rewritten is None:
            if found.replaced or was_rewritten is not None:
                self._tell_all()
            self._apply(found)
        # 4. Last, whether `good` may be said: after the caches have forgotten what changed, never before.
        self._judge()

    def mark_unavailable(self, why: str) -> None:
        """Note that the journal could not be read."""
        self._lost = why
        self._judge()

    def moment(self) -> datetime | None:
        """What an answer may be dated that is made of what the last look found; None while it must wait."""
        moment = self._moment
        # Behind the clock by more than the bound: a revocation has held the fence for so long that an answer of then
        # would be dated too early to be believed. Ahead of it: the clock was set back, and nothing is dated ahead.
        if moment is None or not timedelta() <= self._clock.now() - moment <= _OLDEST_MOMENT:
            return None
        return moment

    @property
    def fence_is_held(self) -> bool:
        """Whether a revocation has been on its way for so long that no request should wait for it any more."""
        return self._moment is not None and self._clock.now() - self._moment > _OLDEST_MOMENT

    @property
    def trouble(self) -> str | None:
        """What keeps new answers from being made, in a sentence."""
        fence_is_held = "A revocation has been on its way for seconds: nothing can be dated before it is there."
        return self.why or (fence_is_held if self.fence_is_held else None)

    def _apply(self, found: JournalChanges) -> None:
        for issuer_id, serials in found.changed.items():
            for keeper in self._caches:
                if serials is None:
                    keeper.clear()
                else:
                    keeper.drop(issuer_id, serials)
        # Moved on only when every cache was told: an error on the way leaves the place as it was, and the same rows are
        # found and told again.
        self._reached = found.reached
        self.applied = {issuer_id: there.sequence for issuer_id, there in found.reached.items()}

    def _tell_all(self) -> None:
        for keeper in self._caches:
            keeper.clear()

    def _missing_row(self, found: JournalChanges) -> str | None:
        for issuer_id in found.rewritten:
            sequence, there = self.applied[issuer_id], found.reached.get(issuer_id)
            if there is None or there.sequence < sequence:
                ends = 0 if there is None else there.sequence
                found_instead = (
                    f"The journal of issuer {issuer_id} ends at {ends}, and this responder has seen {sequence}"
                )
            else:
                found_instead = (
                    f"Row {sequence} of issuer {issuer_id}'s journal is not the one that this responder has seen"
                )
            return f"{found_instead}: was an old backup restored? If that is meant, start the responder again."
        return None

    def _judge(self) -> None:
        before, self.why = self.why, self._lost or self._rewritten
        off = self._clock_is_off()
        if off is None:
            self._clock_outage.worked("")
        else:
            self._clock_outage.failed("", off)
        if self.why is not None and before is None:
            _log.error("nothing can be called good: %s", self.why)
        elif self.why is None and before is not None:
            _log.info("the journal is known up to %s", dict(self.applied))

    def _clock_is_off(self) -> str | None:
        now = self._clock.now()
        if self._last_at is not None and self._last_at - now > self._tolerance:
            return f"The clock says {iso(now)}, and the journal's last moment is {iso(self._last_at)}."
        if abs(self._ahead) > self._tolerance:
            return f"The clock is {abs(self._ahead.total_seconds()):.0f} s away from the database's."
        return None
