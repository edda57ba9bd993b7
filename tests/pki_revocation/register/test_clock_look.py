"""A machine's mark in the database: made, renewed and told of; and heads that a wrong clock moved."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from pki_revocation import journal
from pki_revocation.audit import verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.clock import APART
from pki_revocation.database.clock_marks import OBSERVED_EVERY, STABLE, MadeBy, all_marks
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit
from pki_revocation.model import Issuer
from pki_revocation.register.clock_look import clock_troubles
from pki_revocation.register.journal_heads import wrong_heads
from tests.conftest import START
from tests.machines import Machine

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Without a clock of its own."""
    return sqlite_database


@pytest.fixture
def machine() -> Machine:
    """With the right time."""
    return Machine(START)


def events(database: Database) -> list[str]:
    """What the audit trail has, once its chain is found whole."""
    with database.read() as connection:
        verify_chain(connection)
        verify_journal(connection)
        return list(connection.execute(select(audit.c.event).order_by(audit.c.sequence)).scalars())


def move(database: Database, issuer: Issuer, by: timedelta) -> None:
    """Leave the head as a clock that was off did."""
    with database.write() as connection:
        head = journal.lock_head(connection, issuer.id)
        journal.move_head(connection, issuer.id, head.sequence, START + by)


def last_at(database: Database, issuer: Issuer) -> timedelta:
    """How far the head is from the beginning."""
    with database.read() as connection:
        return journal.read_head(connection, issuer.id).last_at - START


def test_process_that_starts_in_a_step_notices_it(database: Database, machine: Machine, issuer: Issuer) -> None:
    """The mark is in the database: what started before and what starts now have the same present."""
    before = machine.process(database)
    machine.step(2 * HOUR)
    machine.wait(SECOND)
    after = machine.process(database)
    assert before.clock.now() == after.clock.now() == START + SECOND
    with database.read() as connection:
        ((mark, trouble),) = clock_troubles(connection, after.clock.now())
    assert mark.made_by is MadeBy.FIRST
    assert "stepped by +7200 s" in trouble

    machine.step(-2 * HOUR)
    after.look.take()
    with database.read() as connection:
        ((_, trouble),) = clock_troubles(connection, after.clock.now())
    assert trouble == ""
    assert events(database) == []


@pytest.mark.parametrize("off", [HOUR, -HOUR])
def test_correction_is_believed_after_ten_minutes(
    database: Database, machine: Machine, issuer: Issuer, off: timedelta
) -> None:
    """Until then the earlier of the two counts; the renewal is audited."""
    process = machine.process(database)
    machine.step(off)
    process.look.take()
    assert process.clock.now() == min(START, START + off)
    machine.wait(STABLE)
    process.look.take()
    assert process.clock.now() == START + off + STABLE
    assert process.clock.judgement().agreed
    assert "clock.mark-renewed" in events(database)
    # Another process counts on from it at its next look, or its start.
    assert machine.process(database).clock.judgement().agreed


def test_restart_is_another_boot_clock(database: Database, machine: Machine, issuer: Issuer) -> None:
    """It has a mark of its own, and is believed where the journal does not say otherwise."""
    machine.process(database)
    machine.restart(HOUR)
    assert machine.process(database).clock.now() == START + HOUR
    with database.read() as connection:
        assert len(all_marks(connection)) == 2


def test_start_with_a_clock_behind_takes_nothing_back(database: Database, machine: Machine, issuer: Issuer) -> None:
    """A dead battery: the journal is right, its head stays, and the mark is made anew when the clock is put right."""
    move(database, issuer, timedelta())
    machine.restart(-5000 * HOUR)
    process = machine.process(database)
    assert last_at(database, issuer) == timedelta()
    with database.read() as connection:
        ((_, trouble),) = clock_troubles(connection, process.clock.now())
    assert "nothing confirms its clock" in trouble
    machine.step(5000 * HOUR)
    process.look.take()
    assert process.clock.now() == START
    assert process.clock.judgement().agreed
    assert events(database) == []


def test_head_that_is_ahead_for_certain_is_taken_back_by_itself(
    database: Database, machine: Machine, issuer: Issuer
) -> None:
    """Two clocks agree that it lies in the future; up to the bound it is order."""
    process = machine.process(database)
    move(database, issuer, APART)
    process.look.take()
    assert last_at(database, issuer) == APART
    move(database, issuer, APART + SECOND)
    process.look.take()
    assert last_at(database, issuer) == timedelta()
    assert events(database) == ["journal.head-taken-back"]


def test_operator_takes_back_what_nothing_proves_wrong(database: Database, machine: Machine, issuer: Issuer) -> None:
    """An older program's head, two hours ahead, on a file: in doubt until somebody has looked at another clock."""
    move(database, issuer, 2 * HOUR)
    process = machine.process(database)
    with database.read() as connection:
        assert wrong_heads(connection, process.clock) == ()
        assert [each.name for each, _ in wrong_heads(connection, process.clock, certain=False)] == [issuer.name]
    mark, taken_back = process.look.accept({"operator": "anna"})
    assert (mark.made_by, mark.is_proven) == (MadeBy.OPERATOR, True)
    with database.read() as connection:
        # Other versions of this program read it too.
        assert connection.exec_driver_sql("SELECT made_by FROM clock_marks").scalar_one() == "operator"
    assert [at - START for _, at in taken_back] == [2 * HOUR]
    assert last_at(database, issuer) == timedelta()
    assert events(database) == ["journal.head-taken-back", "clock.mark-accepted"]
    assert process.clock.judgement().agreed


def test_machine_that_is_long_gone_is_forgotten(database: Database, machine: Machine, issuer: Issuer) -> None:
    """It is no trouble after a quarter of an hour, and no row after a month."""
    process = machine.process(database)
    machine.wait(4 * OBSERVED_EVERY)
    with database.read() as connection:
        assert clock_troubles(connection, process.clock.now()) == ()
    machine.wait(timedelta(days=31))
    machine.restart()
    machine.process(database)
    with database.read() as connection:
        assert len(all_marks(connection)) == 1
