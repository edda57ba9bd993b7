"""The journal against the audit trail: a row that was changed, added or lost behind the product's back shows."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from pki_revocation.audit import AuditBroken, head_digest, verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import journal, journal_heads
from pki_revocation.model import Channel, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.subscribers import enrol


@pytest.fixture
def written(
    database: Database,
    service: RevocationService,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    request: pytest.FixtureRequest,
) -> Database:
    """Three revocations and a raise."""
    verifier = request.getfixturevalue("verifier")
    for place in range(3):
        each = enrol(database, issuer, authority.issue(f"Zorg {place}", clock.now()), clock, verifier)
        authenticated = service.authenticate(each.number, each.code)
        service.revoke(authenticated, RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.API))
        clock.advance(timedelta(seconds=1))
    service.revoke(authenticated, RevocationRequest(reason=RevocationReason.KEY_COMPROMISE, channel=Channel.API))
    return database


def _without_triggers(database: Database) -> None:
    with database.write() as connection:
        if database.is_sqlite:
            for change in ("update", "delete", "replace"):
                connection.execute(text(f"DROP TRIGGER journal_no_{change}"))
        else:
            connection.execute(text("DROP TRIGGER journal_append_only ON journal"))


def test_untouched_journal_is_vouched_for(written: Database) -> None:
    """Every row, from the first to the head."""
    with written.read() as connection:
        assert verify_journal(connection) == 4
        assert verify_chain(connection) == 4
        assert len(head_digest(connection)) == 64


@pytest.mark.parametrize("column", ["reason", "revocation_date", "channel"])
def test_changed_row_shows(written: Database, column: str) -> None:
    """Though the audit chain itself is whole."""
    _without_triggers(written)
    with written.write() as connection:
        row = connection.execute(journal.select().where(journal.c.sequence == 2)).mappings().one()
        value = {
            "reason": 3,
            "revocation_date": row["revocation_date"] - timedelta(days=1),
            "channel": "page",
        }[column]
        connection.execute(update(journal).where(journal.c.sequence == 2).values({column: value}))
    with written.read() as connection:
        verify_chain(connection)
        with pytest.raises(AuditBroken, match="sequence 2"):
            verify_journal(connection)


def test_lost_last_row_shows_even_when_the_head_goes_back(written: Database) -> None:
    """The audit trail vouches for more than there is."""
    _without_triggers(written)
    with written.write() as connection:
        connection.execute(delete(journal).where(journal.c.sequence == 4))
        connection.execute(update(journal_heads).values(sequence=3))
    with written.read() as connection, pytest.raises(AuditBroken, match="sequence 4"):
        verify_journal(connection)


def test_row_that_nobody_vouches_for_shows(written: Database) -> None:
    """A head that was moved without a record."""
    with written.write() as connection:
        connection.execute(update(journal_heads).values(sequence=5))
    with written.read() as connection, pytest.raises(AuditBroken, match="vouches for 4"):
        verify_journal(connection)


@pytest.mark.parametrize("table", ["journal", "audit"])
def test_insert_or_replace_is_refused(written: Database, table: str) -> None:
    """SQLite would delete the old row without firing the DELETE trigger."""
    if not written.is_sqlite:
        pytest.skip("PostgreSQL has no INSERT OR REPLACE")
    with pytest.raises(DBAPIError, match="append-only"), written.write() as connection:
        connection.exec_driver_sql(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE sequence = 2")  # noqa: S608 - of two names
