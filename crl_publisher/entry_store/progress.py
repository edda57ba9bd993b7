"""How far the entry store has followed the journal of an issuer, and the lock of the process that takes it further."""

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation.database.schema import crl_entries, crl_projections, journal
from pki_revocation.model import EntryKind


def applied_sequence(connection: Connection, issuer_id: int) -> int:
    """The last sequence of the journal that the issuer's store has applied; 0 for none yet."""
    query = select(crl_projections.c.sequence).where(crl_projections.c.issuer_id == issuer_id)
    return connection.execute(query).scalar_one_or_none() or 0


def wanting(connection: Connection, issuer_id: int) -> tuple[int, int]:
    """How many entries the issuer's store has, and how many it should have for what it has applied."""
    rows = journal.c
    due = select(func.count()).where(
        rows.issuer_id == issuer_id,
        rows.kind == EntryKind.REVOCATION.value,
        rows.sequence <= applied_sequence(connection, issuer_id),
    )
    held = select(func.count()).where(crl_entries.c.issuer_id == issuer_id)
    return int(connection.execute(held).scalar_one()), int(connection.execute(due).scalar_one())


def lock_progress(connection: Connection, issuer_id: int) -> int:
    """The last applied sequence, locked until the transaction ends: two publishers never apply the same rows."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert(crl_projections).values(issuer_id=issuer_id, sequence=0).on_conflict_do_nothing())
    query = select(crl_projections.c.sequence).where(crl_projections.c.issuer_id == issuer_id)
    return int(connection.execute(query.with_for_update()).scalar_one())


def advance_progress(connection: Connection, issuer_id: int, sequence: int) -> None:
    """Write the last sequence that the issuer's store has applied, in the connection's transaction."""
    connection.execute(
        update(crl_projections).where(crl_projections.c.issuer_id == issuer_id).values(sequence=sequence)
    )
