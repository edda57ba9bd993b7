"""Many rows into one table at the driver's full speed: COPY on PostgreSQL, one prepared INSERT on SQLite.

The values pass through the columns' own types, so that what is stored is what every other writer of the table stores.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection, Table
from sqlalchemy.exc import IntegrityError

from .errors import StoreError


class RowExists(Exception):
    """A row with the same key is there already: the transaction is to be rolled back."""


def bulk_insert(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[object, ...]]
) -> None:
    """Insert rows, whose values stand in the order of *columns*, inside the connection's transaction.

    Raises:
        RowExists: when one of them is there already.
        StoreError: when the database stops answering.
    """
    dialect = connection.dialect
    binds = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is for name in columns]
    values = (tuple([bind(value) for bind, value in zip(binds, row, strict=True)]) for row in rows)
    names = ", ".join(columns)
    if dialect.name == "sqlite":
        places = ", ".join("?" * len(columns))
        try:
            connection.exec_driver_sql(
                f"INSERT INTO {table.name} ({names}) VALUES ({places})",  # noqa: S608 - names of our own schema
                list(values),
            )
        except IntegrityError as error:
            raise RowExists from error
        return
    try:
        _copy(connection, f"COPY {table.name} ({names}) FROM STDIN", values)
    except psycopg.IntegrityError as error:
        raise RowExists from error
    except psycopg.OperationalError as error:
        raise StoreError(f"The database does not answer: {str(error).strip()}") from error


def _copy(connection: Connection, command: str, values: Iterable[tuple[Any, ...]]) -> None:
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(driver)
    with driver.cursor() as cursor, cursor.copy(command.encode()) as copy:
        for row in values:
            copy.write_row(row)


def _as_it_is(value: object) -> object:
    return value
