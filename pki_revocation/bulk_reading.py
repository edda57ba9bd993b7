"""Very many rows of a query, in portions, at the driver's full speed where that makes a difference.

SQLite's driver reads a row in a fifth of the time that SQLAlchemy takes to make its own of it. The columns of the query
must be of types that need no conversion: octets and integers.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select

_PORTION = 10_000


def portions(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows in their order, never all at once; each portion has at least one."""
    if connection.dialect.name != "sqlite":
        with connection.execute(query.execution_options(yield_per=_PORTION)) as result:
            yield from result.partitions()
        return
    with connection.execute(query) as result:
        cursor = result.cursor
        while rows := cursor.fetchmany(_PORTION):
            yield rows
