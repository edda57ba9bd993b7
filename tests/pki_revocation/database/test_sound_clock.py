"""Which moment is right when clocks contradict each other, and how long a mark is believed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pki_revocation.clock import APART
from pki_revocation.database.clock_marks import STABLE, ClockMark, ClockReading, MadeBy, mark_of, observed
from pki_revocation.database.sound_clock import FAR_AHEAD, Judgement, Witnesses

NOW = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("machine", "boot", "server", "moment", "agreed"),
    [
        (NOW, None, None, NOW, False),
        (NOW, NOW, None, NOW, True),
        (NOW + APART, NOW, None, NOW + APART, True),
        (NOW + APART + SECOND, NOW, None, NOW, False),
        (NOW + 2 * HOUR, NOW, None, NOW, False),
        (NOW - 2 * HOUR, NOW, None, NOW - 2 * HOUR, False),
        (NOW, NOW, NOW, NOW, True),
        (NOW, NOW, NOW + 2 * SECOND, NOW + 2 * SECOND, True),
        (NOW + HOUR, NOW, NOW, NOW, True),
        (NOW - HOUR, NOW, NOW, NOW, True),
        (NOW, NOW + HOUR, NOW, NOW, True),
        (NOW, NOW, NOW + HOUR, NOW, True),
        (NOW, NOW, NOW - HOUR, NOW, True),
        (NOW + HOUR, None, NOW, NOW, False),
        (NOW, None, NOW + HOUR, NOW, False),
        (NOW + HOUR, NOW, NOW - HOUR, NOW - HOUR, False),
    ],
)
def test_two_that_agree_are_right_and_else_the_earliest(
    machine: datetime, boot: datetime | None, server: datetime | None, moment: datetime, *, agreed: bool
) -> None:
    """Nothing is dated ahead by one clock's error; what lies after two that agree is wrong for certain."""
    found = Witnesses(machine=machine, boot=boot, server=server).judgement()
    assert (found.moment, found.agreed) == (moment, agreed)
    if agreed:
        assert moment + APART <= found.latest <= moment + 2 * APART
    else:
        assert found == Judgement(moment=moment, latest=moment + FAR_AHEAD, agreed=False)


def reading(
    off: timedelta = timedelta(),
    after: timedelta = timedelta(),
    *,
    server: datetime | None = None,
    journal: datetime | None = None,
) -> ClockReading:
    """A machine whose wall clock is off from what it was at the mark, some time after it."""
    return ClockReading(
        boot_id="b",
        boot_seconds=1000 + after.total_seconds(),
        machine=NOW + after + off,
        host="h",
        server=server,
        journal=journal,
    )


MARK = mark_of(reading(), MadeBy.FIRST, is_proven=True)


def looked(mark: ClockMark, *looks: ClockReading) -> ClockMark:
    """The mark after these looks."""
    for each in looks:
        mark = observed(mark, each)
    return mark


def test_mark_counts_on_with_the_boot_clock() -> None:
    """However far: the wall clock is not asked."""
    assert MARK.moment(1000.9) == NOW
    assert MARK.moment(1000 + 7200) == NOW + 2 * HOUR


@pytest.mark.parametrize(
    ("known", "made_by", "proven"),
    [
        ({}, MadeBy.FIRST, True),
        ({"journal": NOW}, MadeBy.FIRST, True),
        ({"journal": NOW + APART}, MadeBy.FIRST, True),
        ({"journal": NOW + APART + SECOND}, MadeBy.FIRST, False),
        ({"journal": NOW + HOUR, "server": NOW - APART}, MadeBy.SERVER, True),
        ({"server": NOW + HOUR}, MadeBy.FIRST, False),
    ],
)
def test_first_mark_is_proven_where_nothing_contradicts_it(
    known: dict[str, datetime], made_by: MadeBy, *, proven: bool
) -> None:
    """A machine that starts with a clock behind the journal must not take the journal for wrong."""
    made = observed(None, reading(server=known.get("server"), journal=known.get("journal")))
    assert (made.made_by, made.is_proven) == (made_by, proven)
    # It was just made: nothing was seen against it, and no other one counted before.
    assert (made.observed_offset, made.former_offset, made.suspect_offset, made.suspect_since) == (0, None, None, None)


def test_unproven_mark_is_made_anew_at_each_look() -> None:
    """It is no witness: the clock may be put right, or the journal's moment come."""
    unproven = replace(MARK, is_proven=False)
    put_right = observed(unproven, reading(HOUR, 60 * SECOND, journal=NOW))
    assert (put_right.is_proven, put_right.moment(1060)) == (True, NOW + HOUR + 60 * SECOND)


def test_step_is_suspected_and_believed_when_it_lasts() -> None:
    """NTP moved a slow clock, or a virtual machine rested: ten minutes of the same, and no look in between differs."""
    minute = timedelta(minutes=1)
    for off in (HOUR, -HOUR):
        suspecting = looked(MARK, reading(off, minute))
        assert (suspecting.offset, suspecting.observed_offset) == (MARK.offset, off.total_seconds())
        assert looked(suspecting, reading(off, minute + STABLE - SECOND)).offset == MARK.offset
        renewed = looked(suspecting, reading(off, minute + STABLE))
        assert (renewed.made_by, renewed.offset) == (MadeBy.STABLE, MARK.offset + off.total_seconds())
        assert renewed.is_proven
        # What differs meanwhile begins anew.
        other = looked(suspecting, reading(2 * off, 5 * minute), reading(off, minute + STABLE))
        assert other.offset == MARK.offset
        back = looked(suspecting, reading(after=5 * minute), reading(off, minute + STABLE))
        assert back.offset == MARK.offset


def test_clock_that_returns_proves_the_step_wrong() -> None:
    """An hour ahead for so long that it was believed, then right again: the former mark counts at once."""
    believed = looked(MARK, reading(HOUR, SECOND), reading(HOUR, STABLE + SECOND))
    assert believed.made_by is MadeBy.STABLE
    returned = looked(believed, reading(after=HOUR))
    assert (returned.made_by, returned.offset) == (MadeBy.RETURN, MARK.offset)
    # What is neither the present mark's nor the former one's is suspected, and nothing more.
    third = looked(believed, reading(3 * HOUR, HOUR))
    assert (third.made_by, third.offset) == (MadeBy.STABLE, believed.offset)
    assert third.suspect_offset == MARK.offset + 3 * 3600


def test_server_decides_at_once() -> None:
    """It confirms the machine, and the mark is renewed; or the mark, and the machine is never believed."""
    confirmed = looked(MARK, reading(HOUR, SECOND, server=NOW + HOUR))
    assert (confirmed.made_by, confirmed.offset) == (MadeBy.SERVER, MARK.offset + 3600)
    denied = looked(
        MARK,
        reading(HOUR, SECOND, server=NOW),
        reading(HOUR, 2 * STABLE, server=NOW + 2 * STABLE),
    )
    assert (denied.offset, denied.server_offset) == (MARK.offset, 3600)
    # Server and boot clock agree as long as they are no more than five seconds apart.
    barely = looked(
        MARK,
        reading(HOUR, SECOND, server=NOW + SECOND + APART),
        reading(HOUR, 2 * STABLE, server=NOW + 2 * STABLE + APART),
    )
    assert (barely.offset, barely.suspect_offset) == (MARK.offset, None)
    beyond = looked(MARK, reading(HOUR, SECOND, server=NOW + 2 * SECOND + APART))
    assert beyond.suspect_offset == MARK.offset + 3600


def test_slewing_is_no_step() -> None:
    """Up to five seconds are neither suspected nor followed."""
    mark = looked(MARK, reading(APART, HOUR), reading(-APART, 2 * HOUR))
    assert (mark.offset, mark.suspect_since) == (MARK.offset, None)
