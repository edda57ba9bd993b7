"""The audit chain: any change shows, and erasing personal data does not break it."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update

from pki_revocation.audit import AuditBroken, AuditTrail, verify_chain
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, audit_head, personal_details
from tests.fakes import FakeClock


@pytest.fixture
def trail(database: Database, clock: FakeClock) -> Database:
    """Five records, each with a person in it, on a database whose triggers a burglar has taken off."""
    keeper = AuditTrail(clock)
    with database.write() as connection:
        for place in range(5):
            keeper.record(connection, "test.event", {"place": place}, personal={"address": f"192.0.2.{place}"})
            clock.advance(timedelta(seconds=1))
        if database.is_sqlite:
            for change in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER audit_no_{change}"))
        else:
            connection.execute(text("DROP TRIGGER audit_append_only ON audit"))
            connection.execute(text("ALTER TABLE personal_details DROP CONSTRAINT fk_personal_details_audit_sequence"))
    return database


def test_whole_chain_verifies(trail: Database) -> None:
    """Untouched, the chain holds from its first record to its head."""
    with trail.read() as connection:
        assert verify_chain(connection) == 5


@pytest.mark.parametrize("column", ["at", "event", "detail", "personal_digest", "digest"])
def test_changed_record_shows(trail: Database, column: str) -> None:
    """Every column is covered by the digest."""
    with trail.write() as connection:
        row = connection.execute(select(audit).where(audit.c.sequence == 3)).mappings().one()
        value = row[column]
        changed = (
            value + timedelta(seconds=1) if column == "at" else value[:-1] + (b"!" if isinstance(value, bytes) else "!")
        )
        connection.execute(update(audit).where(audit.c.sequence == 3).values({column: changed}))
    with trail.read() as connection, pytest.raises(AuditBroken, match="record 3"):
        verify_chain(connection)


@pytest.mark.parametrize(("lost", "at"), [(1, "record 2"), (3, "record 4"), (5, "ends at record 4")])
def test_dropped_record_shows(trail: Database, lost: int, at: str) -> None:
    """At the beginning, in the middle, and at the end, where only the head tells."""
    with trail.write() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON" if trail.is_sqlite else "SELECT 1")
        connection.execute(delete(personal_details).where(personal_details.c.audit_sequence == lost))
        connection.execute(delete(audit).where(audit.c.sequence == lost))
    with trail.read() as connection, pytest.raises(AuditBroken, match=at):
        verify_chain(connection)


def test_inserted_record_shows(trail: Database, clock: FakeClock) -> None:
    """A record that the head does not know is found."""
    with trail.write() as connection:
        connection.execute(insert(audit).values(sequence=6, at=clock.now(), event="x", detail="{}", digest=bytes(32)))
    with trail.read() as connection, pytest.raises(AuditBroken, match="record 6"):
        verify_chain(connection)


def test_personal_data_can_be_erased_but_not_changed(trail: Database) -> None:
    """Erasing leaves the chain whole; a changed address does not fit its salted hash."""
    with trail.write() as connection:
        connection.execute(delete(personal_details).where(personal_details.c.audit_sequence == 2))
    with trail.read() as connection:
        assert verify_chain(connection) == 5
    with trail.write() as connection:
        connection.execute(
            update(personal_details).where(personal_details.c.audit_sequence == 4).values(detail='{"address": "x"}')
        )
    with trail.read() as connection, pytest.raises(AuditBroken, match="record 4"):
        verify_chain(connection)


def test_chain_holds_no_personal_data(trail: Database) -> None:
    """Neither the details nor the digests of the chain give an address away: the hash is salted."""
    with trail.read() as connection:
        rows = connection.execute(select(audit)).all()
        digests = {row.personal_digest for row in rows}
        head = connection.execute(select(audit_head)).one()

    assert "192.0.2" not in repr(rows)
    assert len(digests) == 5
    assert head.sequence == 5
