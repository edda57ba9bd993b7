"""Very many rows in and out at the driver's full speed: COPY on PostgreSQL, one prepared INSERT on SQLite.

What is inserted passes through the columns' own types, so that what is stored is what every other writer of the table
stores.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from sqlalchemy import Connection, Select, Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeEngine

from .schema.columns import UtcDateTime

_PORTION = 10_000
_CACHE_KIB = 65_536


class RowExists(Exception):
    """A row with the same key is there already: the transaction is to be rolled back."""


def bulk_insert(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[object, ...]]
) -> None:
    """Insert rows, of which there may be none, inside the connection's transaction.

    Args:
        connection: of the transaction.
        table: gets the rows.
        columns: the order in which a row's values stand.
        rows: passes once.

    Raises:
        RowExists: when one of them is there already.
        StoreError: when the database stops answering.
    """
    values = _stored(connection, table, columns, rows)
    if values is None:
        return
    try:
        if connection.dialect.name == "sqlite":
            _insert_sqlite(connection, "INSERT", table, columns, values)
        else:
            _copy(connection, table.name, columns, values)
    except IntegrityError as error:
        raise RowExists from error


def bulk_replace(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[object, ...]]
) -> None:
    """Insert rows, each in place of one with the same primary key; no key may be among *rows* twice, and none need be.

    Raises:
        StoreError: when the database stops answering.
    """
    values = _stored(connection, table, columns, rows)
    if values is None:
        return
    if connection.dialect.name == "sqlite":
        _insert_sqlite(connection, "INSERT OR REPLACE", table, columns, values)
        return
    key = [column.name for column in table.primary_key]
    others = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    names = ", ".join(columns)
    incoming = f"incoming_{table.name}"
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {incoming} (LIKE {table.name}) ON COMMIT DROP")
    _copy(connection, incoming, columns, values)
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {incoming} "  # noqa: S608 - names of our own schema
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {others}"
    )
    connection.exec_driver_sql(f"DROP TABLE {incoming}")


def portions(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of a query in their order, never all at once; each portion has at least one.

    SQLite's driver reads a row in a fifth of the time that SQLAlchemy takes to make its own of it, so the columns must
    be of types that need no conversion: octets and integers.
    """
    if connection.dialect.name != "sqlite":
        with connection.execute(query.execution_options(yield_per=_PORTION)) as result:
            yield from result.partitions()
        return
    with connection.execute(query) as result:
        cursor = result.cursor
        while rows := cursor.fetchmany(_PORTION):
            yield rows


def _stored(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[object, ...]]
) -> Iterator[tuple[Any, ...]] | None:
    """The rows' values as the columns store them; None for no rows, of which a driver would make an error."""
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:
        return None
    binds = [_bind(connection, table.c[name].type) for name in columns]
    return _converted(binds, chain((first,), remaining))


def _converted(
    binds: Sequence[Callable[[Any], Any] | None], rows: Iterator[tuple[object, ...]]
) -> Iterator[tuple[Any, ...]]:
    # Column by column: a loop over each row would cost more than its conversions, and most columns need none.
    while portion := tuple(islice(rows, _PORTION)):
        given = zip(*portion, strict=True)
        yield from zip(
            *(each if bind is None else map(bind, each) for bind, each in zip(binds, given, strict=True)), strict=True
        )


def _bind(connection: Connection, kind: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """What a column's type makes of a value; None where that is the value."""
    bind = kind.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    # Many rows have one moment.
    return lru_cache(maxsize=4096)(bind) if bind is not None and isinstance(kind, UtcDateTime) else bind


def _insert_sqlite(
    connection: Connection, how: str, table: Table, columns: Sequence[str], values: Iterable[tuple[Any, ...]]
) -> None:
    # Rows lie all over their tables. With SQLite's own two megabytes each page is read and written again and again; a
    # process that writes in bulk, and no other, keeps those of half a million rows.
    connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KIB}")
    places = ", ".join("?" * len(columns))
    statement = f"{how} INTO {table.name} ({', '.join(columns)}) VALUES ({places})"
    connection.exec_driver_sql(statement, list(values))


def _copy(connection: Connection, table: str, columns: Sequence[str], values: Iterable[tuple[Any, ...]]) -> None:
    from .postgresql_copy import copy_rows  # noqa: PLC0415 - SQLite's processes load no other driver

    copy_rows(connection, table, columns, values)
