"""SQLAlchemy's engine on PostgreSQL; a process that SQLite serves loads neither this nor the driver."""

from typing import Any

import sqlalchemy
from sqlalchemy import Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from pki_revocation.errors import StoreError

from .postgresql_connection import PostgresqlConnection
from .versions import refuse_old_postgresql

# How long a connection that was kept may take for nothing at all, before it is replaced by a new one.
_PING_SECONDS = 1.0
_USED = "used before"


def postgresql_engine(url: URL, *, probe_after: float, lock_seconds: int) -> Engine:
    """An engine that connects when it is first used.

    Args:
        url: of the driver psycopg.
        probe_after: seconds of silence after which the server is asked whether it hangs.
        lock_seconds: how long a writer waits for another, and a caller for a connection.
    """
    # READ COMMITTED: a writer must see what was committed while it waited for the issuer's head row. The time-outs
    # keep a writer that was stopped inside its transaction from holding up all others for good. A confirmation is only
    # shown for what is on disk, whatever the server's default is.
    options = (
        f"-c lock_timeout={lock_seconds}s -c idle_in_transaction_session_timeout=60s "
        "-c timezone=UTC -c synchronous_commit=on"
    )
    engine = sqlalchemy.create_engine(
        url,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_timeout=lock_seconds,
        connect_args={"options": options, "tcp_user_timeout": lock_seconds * 1000},
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, arguments: Any, parameters: Any) -> PostgresqlConnection:  # noqa: ANN401 - what the driver takes
        connection = PostgresqlConnection.opened(arguments, parameters, probe_after=probe_after)
        try:
            refuse_old_postgresql(connection.info.server_version)
        except StoreError:
            connection.close()
            raise
        return connection

    @event.listens_for(engine, "checkout")
    def refuse_silent(connection: PostgresqlConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        # A new one has just answered. SQLAlchemy's own ping would wait for as long as the server is silent.
        if _USED not in record.info:
            record.info[_USED] = True
            return
        if not connection.answers(_PING_SECONDS):
            raise InvalidatePoolError

    return engine
