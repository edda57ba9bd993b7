"""Every use of a key is in the audit trail: intent before, result after, tied by one number."""

import json

import pytest
from sqlalchemy import select

from keys.signing_audit import SigningAudit, unfinished
from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit
from pki_revocation.errors import StoreError
from tests.fakes import FakeClock


def _records(database: Database) -> list[tuple[int, str, dict[str, object]]]:
    with database.read() as connection:
        rows = connection.execute(select(audit.c.sequence, audit.c.event, audit.c.detail).order_by(audit.c.sequence))
        return [(row.sequence, row.event, json.loads(row.detail)) for row in rows]


def test_result_names_its_intent(database: Database, clock: FakeClock) -> None:
    """The intent is committed before the key is touched: another connection sees it while the use lasts."""
    signing_audit = SigningAudit(database=database, audit=AuditTrail(clock))
    with signing_audit.record("delegate", {"issuer": "issuing"}) as result:
        with database.read() as connection:
            assert [each.act for each in unfinished(connection)] == ["delegate"]
        result["serial"] = "0a"

    (intent, first, detail), (_, second, outcome) = _records(database)
    assert (first, detail) == ("delegate.intended", {"issuer": "issuing"})
    assert (second, outcome) == ("delegate.done", {"serial": "0a", "intent": intent})
    with database.read() as connection:
        assert unfinished(connection) == []


def test_failure_is_a_result(database: Database, clock: FakeClock) -> None:
    """By its kind alone: a message could hold what does not belong into a chain that is kept for ever."""
    signing_audit = SigningAudit(database=database, audit=AuditTrail(clock))
    with pytest.raises(ValueError, match="secret"), signing_audit.record("delegate", {}):
        raise ValueError("a secret")

    (intent, _, _), (_, event, detail) = _records(database)
    assert (event, detail) == ("delegate.failed", {"intent": intent, "error": "ValueError"})


def test_no_intent_no_use(clock: FakeClock) -> None:
    """Where the intent cannot be recorded, the key is not touched."""
    has_changes = False
    with (
        Database("sqlite:////nowhere/at/all.db") as gone,
        pytest.raises(StoreError),
        SigningAudit(database=gone, audit=AuditTrail(clock)).record("delegate", {}),
    ):
        has_changes = True

    assert not has_changes


def test_each_intent_has_its_own_result(database: Database, clock: FakeClock) -> None:
    """Of two that overlap, the one without a result is the one that is open."""
    signing_audit = SigningAudit(database=database, audit=AuditTrail(clock))
    with signing_audit.record("delegate", {"place": 1}):
        with signing_audit.record("delegate", {"place": 2}):
            pass
        with database.read() as connection:
            (left,) = unfinished(connection)

    assert left.sequence == 1
