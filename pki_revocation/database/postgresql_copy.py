"""COPY, PostgreSQL's way in for very many rows, past SQLAlchemy, which has none."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pki_revocation.errors import StoreError


def copy_rows(connection: Connection, table: str, columns: Sequence[str], values: Iterable[tuple[Any, ...]]) -> None:
    """Send rows, whose values stand in the order of *columns*, inside the connection's transaction.

    Raises:
        sqlalchemy.exc.IntegrityError: when a row breaks a rule of the table, as SQLAlchemy's own statements raise it.
        StoreError: when the database stops answering.
    """
    command = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(driver)
    try:
        with driver.cursor() as cursor, cursor.copy(command.encode()) as copy:
            for row in values:
                copy.write_row(row)
    except psycopg.IntegrityError as error:
        raise IntegrityError(command, None, error) from error
    except psycopg.OperationalError as error:
        raise StoreError(f"The database does not answer: {str(error).strip()}") from error
