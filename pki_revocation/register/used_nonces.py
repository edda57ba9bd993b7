"""Nonces that were used, for as long as they could be used again: one table for all workers and nodes."""

from datetime import datetime

from sqlalchemy import Connection, delete
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation.database.schema import used_nonces


def use_nonce(connection: Connection, nonce: bytes, expires_at: datetime, now: datetime) -> bool:
    """Write that a nonce of 16 octets is used; False when it was before. Those that are over are deleted."""
    connection.execute(delete(used_nonces).where(used_nonces.c.expires_at < now))
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(used_nonces).values(nonce=nonce, expires_at=expires_at).on_conflict_do_nothing()
    # Not the rowcount, which no insert has on PostgreSQL.
    return connection.execute(statement.returning(used_nonces.c.nonce)).first() is not None
