"""A mark ties a machine's boot clock, which cannot be set, to the time of day; it is kept in the database.

Every process of that machine counts on from it, also one that starts afterwards. So a clock that was stepped is
noticed by all of them, until the mark is renewed. It is renewed by itself:

- at once where the database's server confirms what the machine's clock says (PostgreSQL);
- at once where the clock comes back to what the mark before said: the step between was the error;
- where the machine has said the same for `STABLE` on end, as after a correction by NTP or a virtual machine's rest;
- at each start of the machine, which is another boot clock: what says so is its boot id.

An operator may renew it as well. A mark is *proven* if nothing contradicted it when it was made; while one is not, as
after a start with a clock that is behind the journal, it is made anew at each look, and is no witness.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select, update

from pki_revocation.clock import APART

from .schema import clock_marks

# How long a machine's clock must say the same to be believed against its own mark.
STABLE = timedelta(minutes=10)
# A machine that has not been heard of for so long was replaced, or started anew.
_FORGOTTEN_AFTER = timedelta(days=30)
# What is only an observation is written this often, or when it changes by a second.
OBSERVED_EVERY = timedelta(minutes=5)


class MadeBy(StrEnum):
    """What made or renewed a mark."""

    FIRST = "first"
    SERVER = "server"
    STABLE = "stable"
    RETURN = "return"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """One look at a machine: its boot clock, its wall clock, and what the database says.

    *server* is the database server's time, None on SQLite. *journal* is the latest moment of any issuer's journal.
    """

    boot_id: str
    boot_seconds: float
    machine: datetime
    host: str
    server: datetime | None = None
    journal: datetime | None = None

    @property
    def offset(self) -> int:
        """Unix seconds by the wall clock less those of the boot clock."""
        return int(self.machine.timestamp() - self.boot_seconds)

    def is_confirmed(self) -> bool:
        """Whether the server says the same."""
        return self.server is not None and abs(self.server - self.machine) <= APART

    def is_plausible(self) -> bool:
        """Whether neither server nor journal says that the clock is wrong."""
        if self.server is not None:
            return self.is_confirmed()
        return self.journal is None or self.journal - self.machine <= APART


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMark:
    """A machine's mark: at *boot_seconds* of the boot *boot_id* it was *wall*.

    *former_offset* is what the mark before said, in seconds between both clocks; *suspect_offset* what the machine has
    said against this mark since *suspect_since* by the boot clock. *observed_at* and *observed_offset* are the last
    observation: how far the machine's clock was before the mark, and *server_offset* before the server's.
    """

    boot_id: str
    host: str
    wall: datetime
    boot_seconds: int
    is_proven: bool
    made_by: MadeBy
    observed_at: datetime
    observed_offset: int = 0
    server_offset: int | None = None
    former_offset: int | None = None
    suspect_offset: int | None = None
    suspect_since: int | None = None

    @property
    def offset(self) -> int:
        """Unix seconds less seconds of the boot clock, as the mark has them."""
        return int(self.wall.timestamp()) - self.boot_seconds

    def moment(self, boot_seconds: float) -> datetime:
        """The time of day at a moment of the boot clock."""
        return datetime.fromtimestamp(int(self.offset + boot_seconds), UTC)


def mark_of(reading: ClockReading, made_by: MadeBy, *, is_proven: bool, former_offset: int | None = None) -> ClockMark:
    """The mark that ties the machine's clocks as they are now."""
    whole = int(reading.boot_seconds)
    return ClockMark(
        boot_id=reading.boot_id,
        host=reading.host,
        wall=datetime.fromtimestamp(reading.offset + whole, UTC),
        boot_seconds=whole,
        is_proven=is_proven,
        made_by=made_by,
        observed_at=reading.machine,
        server_offset=_server_offset(reading),
        former_offset=former_offset,
    )


def observed(mark: ClockMark | None, reading: ClockReading) -> ClockMark:
    """The mark after a look at the machine: the same, one that suspects its clock, or a new one."""
    if mark is None or not mark.is_proven:
        made_by = MadeBy.SERVER if reading.is_confirmed() else MadeBy.FIRST
        return mark_of(reading, made_by, is_proven=reading.is_plausible())
    seen = replace(
        mark,
        observed_at=reading.machine,
        observed_offset=reading.offset - mark.offset,
        server_offset=_server_offset(reading),
    )
    # Where server and boot clock agree, it is the machine's clock that is wrong, however long.
    denied = reading.server is not None and abs(reading.server - mark.moment(reading.boot_seconds)) <= APART
    if denied or _alike(reading.offset, mark.offset):
        return replace(seen, suspect_offset=None, suspect_since=None)
    return _contradicted(seen, reading)


def _contradicted(mark: ClockMark, reading: ClockReading) -> ClockMark:
    """The mark when the machine's clock says something else: renewed, or suspecting."""
    if reading.is_confirmed():
        return mark_of(reading, MadeBy.SERVER, is_proven=True, former_offset=mark.offset)
    if mark.former_offset is not None and _alike(reading.offset, mark.former_offset):
        return mark_of(reading, MadeBy.RETURN, is_proven=True)
    if mark.suspect_since is None or mark.suspect_offset is None or not _alike(reading.offset, mark.suspect_offset):
        return replace(mark, suspect_offset=reading.offset, suspect_since=int(reading.boot_seconds))
    if reading.boot_seconds - mark.suspect_since >= STABLE.total_seconds():
        return mark_of(reading, MadeBy.STABLE, is_proven=True, former_offset=mark.offset)
    return mark


def read_mark(connection: Connection, boot_id: str) -> ClockMark | None:
    """The mark of this start of this machine, or None."""
    row = connection.execute(select(clock_marks).where(clock_marks.c.boot_id == boot_id)).one_or_none()
    return None if row is None else _mark(row._asdict())


def all_marks(connection: Connection) -> tuple[ClockMark, ...]:
    """The marks of all machines, as far as they are remembered, by host."""
    rows = connection.execute(select(clock_marks).order_by(clock_marks.c.host, clock_marks.c.observed_at))
    return tuple(_mark(row._asdict()) for row in rows)


def write_mark(connection: Connection, mark: ClockMark) -> None:
    """Keep a mark, in the place of the one before; those of machines that are long gone are dropped."""
    values = {name: getattr(mark, name) for name in (column.name for column in clock_marks.columns)}
    this = clock_marks.c.boot_id == mark.boot_id
    if connection.execute(update(clock_marks).where(this).values(values)).rowcount == 0:
        connection.execute(insert(clock_marks).values(values))
        connection.execute(delete(clock_marks).where(clock_marks.c.observed_at < mark.observed_at - _FORGOTTEN_AFTER))


def _mark(values: dict[str, object]) -> ClockMark:
    return ClockMark(**values | {"made_by": MadeBy(str(values["made_by"]))})  # type: ignore[arg-type] # the columns' own types


def _alike(one: int, other: int) -> bool:
    return abs(one - other) <= APART.total_seconds()


def _server_offset(reading: ClockReading) -> int | None:
    return None if reading.server is None else int((reading.machine - reading.server).total_seconds())
