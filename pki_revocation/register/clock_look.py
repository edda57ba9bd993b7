"""One look at this machine's clock: its mark is made or renewed, and a head that is wrong for certain is taken back."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Double, cast, extract, func, select

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import APART, Clock, KernelClock, SystemClock, iso
from pki_revocation.database.clock_marks import (
    OBSERVED_EVERY,
    ClockMark,
    ClockReading,
    MadeBy,
    all_marks,
    mark_of,
    observed,
    read_mark,
    write_mark,
)
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import journal_heads
from pki_revocation.database.sound_clock import SoundClock
from pki_revocation.errors import PkiError
from pki_revocation.model import Issuer

from .journal_heads import take_back_heads, wrong_heads

_LONGEST_HOST = 255


class NoBootClock(PkiError):
    """This system has no boot clock that can be read."""


@dataclass(frozen=True, slots=True)
class ClockLook:
    """Looks at one machine's clock on behalf of one process."""

    database: Database
    clock: SoundClock
    audit: AuditTrail

    @classmethod
    def of(
        cls,
        database: Database,
        machine: Clock | None = None,
        kernel: KernelClock = KernelClock(),  # noqa: B008 - frozen
    ) -> "ClockLook":
        """A look by this machine's clock, which does not know its mark yet."""
        clock = SoundClock(machine or SystemClock(kernel), kernel)
        return cls(database, clock, AuditTrail(clock))

    def take(self) -> None:
        """Look, tell the process's clock the mark and the server's time, and write what has changed.

        Raises:
            StoreError: when the database does not answer.
        """
        with self.database.read() as connection:
            reading = self._reading(connection)
            if reading is None:
                return
            before = read_mark(connection, reading.boot_id)
            after = observed(before, reading)
            self.clock.hear_mark(after)
            must = _differs(before, after) or bool(wrong_heads(connection, self.clock))
        if must:
            self._write()

    def _write(self) -> None:
        with self.database.write() as connection:
            reading = self._reading(connection)
            if reading is None:
                return
            # Once more: another process of this machine may have looked meanwhile.
            before = read_mark(connection, reading.boot_id)
            after = observed(before, reading)
            if _differs(before, after):
                write_mark(connection, after)
            self.clock.hear_mark(after)
            # Journal before audit: the order of locks.
            take_back_heads(connection, self.audit, self.clock)
            if before is not None and before.is_proven and before.offset != after.offset:
                self.audit.record(connection, "clock.mark-renewed", _renewal(before, after))

    def accept(self, personal: Mapping[str, str]) -> tuple[ClockMark, tuple[tuple[Issuer, datetime], ...]]:
        """Make a new mark by the machine's clock, on an operator's word, and take back every head that lies ahead.

        Raises:
            NoBootClock: where there is none.
            StoreError: when the database does not answer.
        """
        with self.database.write() as connection:
            reading = self._reading(connection)
            if reading is None:
                raise NoBootClock("This system says no boot clock in /proc: there is nothing to make a mark of.")
            before = read_mark(connection, reading.boot_id)
            after = mark_of(reading, MadeBy.OPERATOR, is_proven=True)
            write_mark(connection, after)
            self.clock.hear_mark(after)
            taken_back = take_back_heads(connection, self.audit, self.clock, certain=False, personal=personal)
            detail = _renewal(before, after)
            self.audit.record(connection, "clock.mark-accepted", detail, personal=personal)
        return after, taken_back

    def _reading(self, connection: Connection) -> ClockReading | None:
        kernel = self.clock.kernel
        boot_id, boot_seconds = kernel.boot_id(), kernel.boot_seconds()
        server: datetime | None = None
        if connection.dialect.name == "postgresql":
            theirs = connection.execute(select(cast(extract("epoch", func.clock_timestamp()), Double))).scalar_one()
            self.clock.hear_server(float(theirs))
            server = datetime.fromtimestamp(int(theirs), UTC)
        if boot_id is None or boot_seconds is None:
            return None
        return ClockReading(
            boot_id=boot_id,
            boot_seconds=boot_seconds,
            machine=self.clock.machine.now(),
            host=socket.gethostname()[:_LONGEST_HOST],
            server=server,
            journal=connection.execute(select(func.max(journal_heads.c.last_at))).scalar_one(),
        )


def clock_troubles(connection: Connection, now: datetime) -> tuple[tuple[ClockMark, str], ...]:
    """What is wrong with the clock of each machine that has been heard of lately; its sentence is empty for nothing."""
    lately = [each for each in all_marks(connection) if now - each.observed_at <= 3 * OBSERVED_EVERY]
    return tuple((each, _trouble(each)) for each in lately)


def _trouble(mark: ClockMark) -> str:
    limit = APART.total_seconds()
    found = []
    if not mark.is_proven:
        found.append("nothing confirms its clock since it started: the journal or the database's server says otherwise")
    if abs(mark.observed_offset) > limit:
        found.append(f"it was stepped by {mark.observed_offset:+d} s against its boot clock")
    if mark.server_offset is not None and abs(mark.server_offset) > limit:
        found.append(f"it is {mark.server_offset:+d} s from the database server's")
    return ", and ".join(found)


def _differs(before: ClockMark | None, after: ClockMark) -> bool:
    """Whether a mark is worth writing: it says something else, or it was observed long ago."""
    if before is None or after.observed_at - before.observed_at >= OBSERVED_EVERY:
        return True
    if after.observed_at < before.observed_at - OBSERVED_EVERY:
        return True
    return _said(before) != _said(after)


def _said(mark: ClockMark) -> tuple[object, ...]:
    """All but the moment of observing, and the second that rounding takes or gives; an unproven one's offset too."""
    apart = APART.total_seconds()
    observations = (abs(mark.observed_offset) > apart, abs(mark.server_offset or 0) > apart)
    return (mark.is_proven, mark.made_by, mark.former_offset, mark.suspect_offset, mark.suspect_since, *observations)


def _renewal(before: ClockMark | None, after: ClockMark) -> dict[str, object]:
    by = None if before is None else after.offset - before.offset
    return {"boot": after.boot_id, "by": after.made_by.value, "wall": iso(after.wall), "moved_seconds": by}
