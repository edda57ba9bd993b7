"""The lease: one holder at a time, and none that nobody can wait for."""

import subprocess
from datetime import timedelta

import pytest
from sqlalchemy import update

from pki_revocation.database.engine import Database
from pki_revocation.database.lease import Lease
from pki_revocation.database.schema import leases
from tests.fakes import FakeClock

LENGTH = timedelta(seconds=30)


@pytest.fixture
def ours(database: Database, clock: FakeClock) -> Lease:
    """One process's lease."""
    return Lease(name="crl-publisher", database=database, clock=clock, length=LENGTH)


@pytest.fixture
def theirs(database: Database, clock: FakeClock) -> Lease:
    """Another's."""
    return Lease(name="crl-publisher", database=database, clock=clock, length=LENGTH)


def test_one_of_two_holds_it(ours: Lease, theirs: Lease) -> None:
    """Whoever came first, and asking again renews it."""
    assert ours.current_holder() is None
    assert ours.hold()
    assert not theirs.hold()
    assert ours.hold()
    assert theirs.current_holder() == ours.holder


def test_renewed_lease_lasts_on(ours: Lease, theirs: Lease, clock: FakeClock) -> None:
    """Its end moves with each renewal; without one it is over."""
    ours.hold()
    clock.advance(LENGTH - timedelta(seconds=1))
    ours.hold()
    clock.advance(LENGTH - timedelta(seconds=1))
    assert not theirs.hold()
    clock.advance(timedelta(seconds=1))

    assert theirs.current_holder() is None
    assert theirs.hold()
    assert not ours.hold()


def test_released_lease_is_free_at_once(ours: Lease, theirs: Lease) -> None:
    """A clean end lets the next one begin; releasing what another holds does nothing."""
    ours.hold()
    theirs.release()
    assert not theirs.hold()
    ours.release()

    assert theirs.hold()


def test_lease_of_a_process_that_ended_is_taken_over_at_once(ours: Lease, theirs: Lease, database: Database) -> None:
    """On the same machine nobody waits for the dead."""
    ours.hold()
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    place, _, rest = ours.holder.partition(":")
    dead = f"{place}:{ended.pid}:{rest.partition(':')[2]}"
    with database.write() as connection:
        connection.execute(update(leases).values(holder=dead))

    assert theirs.hold()


def test_lease_of_another_machine_is_waited_for(ours: Lease, theirs: Lease, database: Database) -> None:
    """Its process ids say nothing here."""
    ours.hold()
    with database.write() as connection:
        connection.execute(update(leases).values(holder="elsewhere/1:999999999:00000000"))

    assert not theirs.hold()


def test_lease_from_a_clock_that_ran_ahead_does_not_count(ours: Lease, theirs: Lease, clock: FakeClock) -> None:
    """After the clock was set back by a day, nobody waits a day for a lease of thirty seconds."""
    ours.hold()
    clock.advance(-timedelta(days=1))

    assert theirs.hold()
