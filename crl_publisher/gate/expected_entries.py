"""The entries that the journal calls for, as octets: made anew here, by other means than the entry store's.

A million are made in a second or two, so each is put together from pieces that were made before. RFC 5280 sections
5.1.2.6 and 5.3; UTCTime through 2049, GeneralizedTime from 2050.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Integer, LargeBinary, Select, and_, select, type_coerce

from crl_publisher.plan import Plan
from crl_publisher.scope import Part
from pki_revocation.database.bulk import portions
from pki_revocation.database.schema import certificates, journal
from pki_revocation.model import EntryKind

_DAY = 86_400
_TWO_DIGITS = tuple(f"{number:02}".encode() for number in range(60))
_HIGH_BIT = 0x80
_FIRST_GENERALIZED_YEAR = 2050
# Reason and invalidity date in full: SEQUENCE { SEQUENCE { OID, OCTET STRING { ENUMERATED } } … } (RFC 5280 5.3).
_REASON = bytes.fromhex("300a0603551d1504030a01")
_INVALIDITY = bytes.fromhex("30180603551d180411180f")


class JournalRow(NamedTuple):
    """A journal row as far as an entry shows it: serial as stored, times in Unix seconds."""

    serial: bytes
    sequence: int
    revoked: int
    reason: int
    invalid_since: int | None


def expected_entries(connection: Connection, plan: Plan, *, after: int = 0) -> Iterator[tuple[JournalRow, bytes]]:
    """For each serial that the scope covers, its last journal row and the DER of the entry that this row makes.

    Args:
        connection: reads one state.
        plan: says scope and covered sequence.
        after: no row up to this sequence.
    """
    raised = {row.serial: row for row in _rows(connection, plan, EntryKind.RAISE, after)}
    encode = EntryOctets()
    for row in _rows(connection, plan, EntryKind.REVOCATION, after):
        last = raised.pop(row.serial, row)
        yield last, encode(last)
    for row in raised.values():
        # Its revocation is not behind; the raise is.
        yield row, encode(row)


def row_of(connection: Connection, plan: Plan, serial: bytes) -> JournalRow | None:
    """The last row of one serial that the plan covers; None when the journal has none."""
    query = (
        _columns()
        .where(
            journal.c.issuer_id == plan.issuer.id,
            type_coerce(journal.c.serial, LargeBinary) == serial,
            journal.c.sequence <= plan.covers_sequence,
        )
        .order_by(journal.c.sequence.desc())
        .limit(1)
    )
    found = connection.execute(query).one_or_none()
    return None if found is None else JournalRow(*found)


class EntryOctets:
    """Encodes entries; the octets of each day are made once."""

    def __init__(self) -> None:
        """Remember no day's octets yet."""
        self._days: dict[int, tuple[bytes, bytes]] = {}

    def __call__(self, row: JournalRow) -> bytes:
        """The DER of a row's entry."""
        serial = row.serial
        if serial[0] == 0:
            # What is not positive has an octet in front in the database, which the certificate's own does not have.
            serial = serial[1:] or serial
            body = b"\x02" + bytes((len(serial),)) + serial
            return self._entry(row, body)
        octets = len(serial)
        if serial[0] & _HIGH_BIT:
            body = b"\x02" + bytes((octets + 1,)) + b"\0" + serial
        else:
            body = b"\x02" + bytes((octets,)) + serial
        return self._entry(row, body)

    def _entry(self, row: JournalRow, body: bytes) -> bytes:
        """The entry that begins with this serial."""
        body += self._time(row.revoked)
        if row.reason:
            inner = _REASON + bytes((row.reason,))
            if row.invalid_since is not None:
                inner += _INVALIDITY + self._generalized(row.invalid_since)
            body += b"\x30" + bytes((len(inner),)) + inner
        return b"\x30" + bytes((len(body),)) + body

    def _time(self, seconds: int) -> bytes:
        day, second = divmod(seconds, _DAY)
        prefix = (self._days.get(day) or self._day(day))[0]
        return prefix + _clock(second)

    def _generalized(self, seconds: int) -> bytes:
        day, second = divmod(seconds, _DAY)
        return (self._days.get(day) or self._day(day))[1] + _clock(second)

    def _day(self, day: int) -> tuple[bytes, bytes]:
        date = datetime.fromtimestamp(day * _DAY, UTC)
        whole = f"{date.year:04}{date:%m%d}".encode()
        as_time = b"\x17\x0d" + whole[2:] if date.year < _FIRST_GENERALIZED_YEAR else b"\x18\x0f" + whole
        made = self._days[day] = (as_time, whole)
        return made


def _clock(second: int) -> bytes:
    return _TWO_DIGITS[second // 3600] + _TWO_DIGITS[second // 60 % 60] + _TWO_DIGITS[second % 60] + b"Z"


def _rows(connection: Connection, plan: Plan, kind: EntryKind, after: int) -> Iterator[JournalRow]:
    for rows in portions(connection, _query(plan, kind, after)):
        yield from map(JournalRow._make, rows)


def _columns() -> Select[Any]:
    """A query for the columns of `JournalRow`, as the driver gives them."""
    rows = journal.c
    return select(
        type_coerce(rows.serial, LargeBinary),
        rows.sequence,
        type_coerce(rows.revocation_date, Integer),
        rows.reason,
        type_coerce(rows.invalidity_date, Integer),
    )


def _query(plan: Plan, kind: EntryKind, after: int) -> Select[Any]:
    rows = journal.c
    query = _columns().where(
        rows.issuer_id == plan.issuer.id,
        rows.sequence > after,
        rows.sequence <= plan.covers_sequence,
        rows.kind == kind.value,
    )
    scope = plan.scope
    registered = and_(certificates.c.issuer_id == rows.issuer_id, certificates.c.serial == rows.serial)
    match scope.part:
        case Part.ALL:
            return query
        case Part.SHARD:
            return query.join(certificates, registered).where(certificates.c.shard == scope.shard)
        case Part.CA:
            return query.where(rows.serial.in_(_authorities(plan)))
        case Part.USERS:
            return query.where(rows.serial.not_in(_authorities(plan)))


def _authorities(plan: Plan) -> Select[Any]:
    return select(certificates.c.serial).where(certificates.c.issuer_id == plan.issuer.id, certificates.c.is_ca)
