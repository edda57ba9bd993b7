"""The judgement of `make chaos` is not blind: an honest history passes, and each planted lie is told."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.history import Answered, Asked, Confirmed, Fetched, History, Recovered
from tests.chaos.judgement import End, breaches
from tests.chaos.lies import LIES

START = datetime(2026, 11, 30, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """So many seconds after the start."""
    return START + timedelta(seconds=seconds)


@pytest.fixture
def history() -> History:
    """Three revocations, one of them asked for twice, with answers and CRLs before, while and after."""
    made = History()
    for serial in (1, 2, 3):
        made.add(Answered(serial=serial, status="good", began=0, ended=1, received_at=at(1), this_update=at(0)))
        made.add(Asked(serial=serial, began=10.0 * serial))
        made.add(Confirmed(serial=serial, revoked_at=at(10 * serial), began=10.0 * serial, ended=10.0 * serial + 1))
        made.add(
            Answered(
                serial=serial,
                status="revoked",
                began=10.0 * serial + 1.5,
                ended=10.0 * serial + 2,
                received_at=at(10 * serial + 2),
                this_update=at(10 * serial + 1),
                revoked_at=at(10 * serial),
            )
        )
        made.add(
            Fetched(
                number=100 + serial,
                this_update=at(10 * serial),
                revoked_at={each: at(10 * each) for each in range(1, serial + 1)},
                began=10.0 * serial + 5,
                ended=10.0 * serial + 6,
            )
        )
    made.add(Asked(serial=1, began=9.0))
    made.add(Answered(serial=3, status="TRY_LATER", began=40, ended=41, received_at=at(41)))
    made.add(Recovered(fault="web killed", seconds=4.0))
    return made


@pytest.fixture
def end() -> End:
    """All three, everywhere."""
    all_three = {serial: at(10 * serial) for serial in (1, 2, 3)}
    return End(journal=all_three, crl=all_three, ocsp=all_three)


def test_honest_history_passes(history: History, end: End) -> None:
    """Not answering is no breach."""
    assert breaches(history, end) == []


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        ("lost", "missing in the journal"),
        ("unasked", "nobody asked for it"),
        ("moved", "has several times"),
        ("good", "after it was confirmed as revoked"),
        ("fell", "was served after CRL 103"),
    ],
)
def test_each_lie_is_caught(lie: str, told: str, history: History, end: End) -> None:
    """And told by a line that says which promise was broken."""
    found = breaches(*LIES[lie](history, end))
    assert any(told in each for each in found), found


def test_what_else_is_told(history: History, end: End) -> None:
    """An answer from the future, a revocation that a later CRL forgot, and what did not come back in time."""
    history.add(Answered(serial=2, status="good", began=0, ended=1, received_at=at(1), this_update=at(90)))
    history.add(Fetched(number=104, this_update=at(50), revoked_at={1: at(10)}, began=50, ended=51))
    history.add(Recovered(fault="disk full", seconds=31.0))
    history.add(Recovered(fault="web killed", seconds=None))
    history.complain("OCSP answered with HTTP status 500")

    found = "\n".join(breaches(history, end))

    for told in (
        "is dated",
        "and not on CRL 104",
        "after 'disk full' it took 31 s",
        "did not work again",
        "status 500",
    ):
        assert told in found
    assert len(found.splitlines()) == 6
    assert {each.name for each in dataclasses.fields(End)} == {"journal", "crl", "ocsp"}
