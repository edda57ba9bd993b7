"""Where octets stand in a column: what each database has another function for."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal


def place_of(connection: Connection, octets: bytes, column: ColumnElement[Any]) -> ColumnElement[int]:
    """Above 0 where the octets stand in the column, and 0 where they do not. PostgreSQL has no such function of bytea.

    In its hexadecimal they may also be found between two octets: what is found must be read.
    """
    if connection.dialect.name == "sqlite":
        return func.instr(column, literal(octets))
    return func.strpos(func.encode(column, "hex"), octets.hex())
