"""A process's clock as it is asked: what it counts on from, for how long an answer is kept, and what makes it anew."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pki_revocation.clock import APART, KernelClock
from pki_revocation.database.clock_marks import ClockReading, MadeBy, all_marks, mark_of, write_mark
from pki_revocation.database.engine import Database
from pki_revocation.database.sound_clock import FAR_AHEAD, SoundClock, Witnesses, judgement
from tests.fakes import FakeClock
from tests.machines import Machine

NOW = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def machine() -> Machine:
    """With the right time."""
    return Machine(NOW)


def clock_of(machine: Machine, *, is_proven: bool = True) -> SoundClock:
    """With a mark of just now."""
    seconds = machine.kernel.boot_seconds()
    assert seconds is not None
    reading = ClockReading(
        boot_id=machine.kernel.boot_id() or "", boot_seconds=seconds, machine=machine.wall.now(), host="h"
    )
    return SoundClock(machine.wall, machine.kernel, mark_of(reading, MadeBy.FIRST, is_proven=is_proven))


def test_step_changes_nothing_that_is_dated(machine: Machine) -> None:
    """The boot clock counts on from the mark, and the earlier one of the two counts; it is told, and mended by time."""
    clock = clock_of(machine)
    machine.step(HOUR)
    machine.wait(SECOND)

    assert clock.now() == NOW + SECOND
    found = clock.judgement()
    assert (found.latest, found.agreed) == (NOW + SECOND + FAR_AHEAD, False)
    assert clock.witnesses().trouble == "this machine's clock is 3600 s ahead of the boot clock"
    machine.step(-HOUR)
    assert (clock.now(), clock.judgement().agreed) == (NOW + SECOND, True)


def test_mark_that_is_not_proven_is_no_witness(machine: Machine) -> None:
    """Neither is a machine without a boot clock, nor one that has no mark yet: they stand alone."""
    for clock in (clock_of(machine, is_proven=False), SoundClock(machine.wall, machine.kernel)):
        assert clock.witnesses() == Witnesses(machine=NOW)
        assert not clock.judgement().agreed


def test_what_was_read_already_is_not_asked_again(machine: Machine) -> None:
    """The judgement and what it is made of are of one second."""
    clock = clock_of(machine)
    assert clock.witnesses(NOW - HOUR) == Witnesses(machine=NOW - HOUR, boot=NOW)


def test_system_without_a_boot_clock_has_one_witness(machine: Machine) -> None:
    """Neither mark nor server can be counted on from, and what is heard of them changes nothing."""
    mark = clock_of(machine).mark
    clock = SoundClock(machine.wall, _NoKernel(), mark)
    clock.hear_server(NOW.timestamp())

    assert clock.witnesses() == Witnesses(machine=NOW)
    assert clock.now() == NOW


class _NoKernel(KernelClock):
    """A system that says no boot clock."""

    def boot_seconds(self) -> float | None:
        """None."""
        return None


@pytest.mark.parametrize(("beyond", "kept"), [(timedelta(), ["old", "new"]), (SECOND, ["new"])])
def test_machine_is_remembered_for_thirty_days(
    sqlite_database: Database, machine: Machine, beyond: timedelta, kept: list[str]
) -> None:
    """To the second: one that was replaced is gone from `doctor` then."""
    mark = clock_of(machine).mark
    assert mark is not None
    old = replace(mark, boot_id="old", host="old", observed_at=NOW - timedelta(days=30) - beyond)
    with sqlite_database.write() as connection:
        write_mark(connection, old)
        write_mark(connection, replace(mark, boot_id="new", host="zzz"))
        assert [each.boot_id for each in all_marks(connection)] == sorted(kept, reverse=True)


def test_answer_is_kept_for_a_second_at_most(machine: Machine) -> None:
    """Asking the clocks costs: within a second of both the same answer is given, and never an older second's."""
    clock = clock_of(machine)
    first = clock.judgement()
    assert clock.judgement() is first
    # A step within the second is seen at once.
    machine.step(APART + SECOND)
    assert clock.judgement() is not first
    assert not clock.judgement().agreed
    machine.step(-APART - SECOND)
    machine.wait(SECOND)
    second = clock.judgement()
    assert (second.moment, second is first) == (NOW + SECOND, False)
    # A clock that is set about comes to the same second again, an hour later.
    machine.wait(HOUR)
    machine.step(-HOUR)
    again = clock.judgement()
    assert again is not second
    assert not again.agreed


def test_what_is_heard_counts_at_once(machine: Machine) -> None:
    """A mark, or the server's time, within the second of an answer that is kept."""
    clock = clock_of(machine)
    assert clock.judgement().agreed
    clock.hear_mark(None)
    assert not clock.judgement().agreed
    clock.hear_server((NOW + 2 * SECOND).timestamp())
    found = clock.judgement()
    assert (found.moment, found.agreed) == (NOW + 2 * SECOND, True)
    assert found.latest == NOW + 2 * SECOND + APART
    # And is counted on with the boot clock, whatever becomes of the machine's.
    machine.wait(HOUR)
    machine.step(-HOUR)
    assert clock.witnesses() == Witnesses(machine=NOW, server=NOW + HOUR + 2 * SECOND)


def test_trouble_names_each_clock_that_says_otherwise() -> None:
    """Ahead of one and behind the other, and none within what clocks may differ."""
    far = Witnesses(machine=NOW, boot=NOW - HOUR, server=NOW + HOUR)
    assert far.trouble == (
        "this machine's clock is 3600 s ahead of the boot clock and 3600 s behind the database server's"
    )
    assert Witnesses(machine=NOW, boot=NOW - APART, server=NOW + APART).trouble is None
    assert Witnesses(machine=NOW, boot=NOW - APART - SECOND).trouble is not None
    assert Witnesses(machine=NOW, server=NOW + APART + SECOND).trouble is not None


def test_clock_that_stands_alone_vouches_for_nothing() -> None:
    """What lies a day ahead of it is wrong for certain, and nothing less."""
    found = judgement(FakeClock(NOW))
    assert (found.moment, found.latest, found.agreed) == (NOW, NOW + FAR_AHEAD, False)
