"""Serials that come in as live no more, because a list said something of them that has no place here.

A row on hold, with an unknown reason or a broken date is no revocation that could be written, and no word for it that
the certificate is good either: relying parties may have seen it as revoked the day before. So its serial is barred,
whatever brings the certificate later, until a list says that it is revoked for good or an operator lifts the bar.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, delete, exists, select

from pki_revocation.database.bulk import bulk_replace
from pki_revocation.database.schema import barred_serials, certificates, journal

# How many serials one look-up names: SQLite binds at most 32,766 values, PostgreSQL 65,535.
_LOOKUP_BATCH = 5000
_columns = barred_serials.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A barred serial: *kind* in one word, *why* in a sentence with the place that said so."""

    serial: int
    kind: str
    why: str
    barred_at: datetime
    is_registered: bool = False


class Barred(NamedTuple):
    """What barring came to: serials that were not barred before, and those that are registered as live all the same."""

    new: list[int]
    live: list[int]


def write_bars(
    connection: Connection, issuer_id: int, refused: Iterable[tuple[int, str, str]], now: datetime
) -> Barred:
    """Bar serials, each with its kind and the sentence why.

    What the journal has as revoked needs no bar: that is for good.
    """
    wanted = {serial: (kind, why) for serial, kind, why in refused}
    revoked = set(_present(connection, journal, issuer_id, list(wanted)))
    barred = set(_present(connection, barred_serials, issuer_id, list(wanted)))
    rows = [(issuer_id, serial, kind, why, now) for serial, (kind, why) in wanted.items() if serial not in revoked]
    if rows:
        bulk_replace(connection, barred_serials, ("issuer_id", "serial", "kind", "why", "barred_at"), rows)
    registered = set(_present(connection, certificates, issuer_id, list(wanted)))
    serials = [row[1] for row in rows]
    return Barred(
        new=[serial for serial in serials if serial not in barred],
        live=[serial for serial in serials if serial in registered],
    )


def barred_among(connection: Connection, issuer_id: int, serials: Sequence[int]) -> dict[int, Bar]:
    """The bars on any of these serials."""
    if not connection.scalar(select(exists().where(_columns.issuer_id == issuer_id))):
        return {}
    found: dict[int, Bar] = {}
    for start in range(0, len(serials), _LOOKUP_BATCH):
        portion = serials[start : start + _LOOKUP_BATCH]
        query = select(barred_serials).where(_columns.issuer_id == issuer_id, _columns.serial.in_(portion))
        found.update((row.serial, _bar(row)) for row in connection.execute(query))
    return found


def all_bars(connection: Connection, issuer_id: int) -> Iterator[Bar]:
    """The bars of an issuer that no revocation has settled, by serial; *is_registered* of what is here all the same."""
    registered = exists().where(
        and_(certificates.c.issuer_id == _columns.issuer_id, certificates.c.serial == _columns.serial)
    )
    revoked = exists().where(and_(journal.c.issuer_id == _columns.issuer_id, journal.c.serial == _columns.serial))
    query = select(barred_serials, registered.label("is_registered")).where(_columns.issuer_id == issuer_id, ~revoked)
    with connection.execute(query.order_by(_columns.serial).execution_options(yield_per=1000)) as rows:
        for row in rows:
            yield _bar(row, is_registered=bool(row.is_registered))


def lift_bars(connection: Connection, issuer_id: int, serials: Sequence[int]) -> None:
    """Take the bars on these serials away."""
    for start in range(0, len(serials), _LOOKUP_BATCH):
        portion = serials[start : start + _LOOKUP_BATCH]
        connection.execute(delete(barred_serials).where(_columns.issuer_id == issuer_id, _columns.serial.in_(portion)))


def _present(connection: Connection, table: Any, issuer_id: int, serials: Sequence[int]) -> Iterator[int]:  # noqa: ANN401 - any table with both columns
    for start in range(0, len(serials), _LOOKUP_BATCH):
        portion = serials[start : start + _LOOKUP_BATCH]
        yield from connection.scalars(
            select(table.c.serial).where(table.c.issuer_id == issuer_id, table.c.serial.in_(portion))
        )


def _bar(row: Row[Any], *, is_registered: bool = False) -> Bar:
    return Bar(serial=row.serial, kind=row.kind, why=row.why, barred_at=row.barred_at, is_registered=is_registered)
