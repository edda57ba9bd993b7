"""The proof: what is saved never leaves an instant without a valid CRL, and what is refused would."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crl_publisher.scheduling.coverage import MAKING, check
from crl_publisher.scheduling.errors import ScheduleRefused
from crl_publisher.scheduling.schedule import Schedule
from crl_publisher.scheduling.simulation import TimeSpan, simulate
from tests.campaign import examples
from tests.crl_publisher.scheduling.schedules import DAY, HOUR, NOW, SECOND, of, timeline, validity_of

INSTANT = re.compile(r"At (\S+Z) ")


@pytest.mark.parametrize(
    "changes",
    [
        [],
        ["period=1m"],
        ["period=24h", "profile=br"],
        ["calendar=0 0 * * *", "backdate=0s"],
        ["calendar=0 */12 * * *", "zone=Europe/Amsterdam"],
        ["calendar=*/5 * * * *", "zone=Europe/Amsterdam", "blackout=22:00-06:00", "jitter=4m"],
        ["blackout=fri 17:00-mon 08:00", "profile=br", "validity=70h"],
        ["profile=ca", "period=180d", "validity=365d"],
        ["profile=ca", "calendar=0 0 1 1,7 *", "validity=200d"],
        ["period=12h", "delta_period=30m", "delta_validity=7h"],
    ],
)
def test_schedule_without_a_gap_is_accepted(changes: list[str]) -> None:
    """Periods, calendars, zones, windows and deltas."""
    check(timeline(of(*changes)), (), NOW)


@pytest.mark.parametrize(
    ("changes", "instant", "words"),
    [
        # 12 h between runs, 6 h of outage, and 2 minutes, in a validity that ends a second and a backdate early.
        (["period=12h", "validity=18h"], "2026-11-24T07:59:00Z", "stops just before the routine run of 2026-11-24T02"),
        # October's Sunday has 25 hours: what is enough on every other day is not enough on that one.
        (
            ["calendar=0 0 * * *", "zone=Europe/Amsterdam", "profile=br", "validity=31h"],
            "2027-11-01T04:59:00Z",
            "2027-11-01 00:00 CET",
        ),
        (
            ["calendar=0 0 * * *", "zone=Europe/Amsterdam", "backdate=0s"],
            "2027-10-31T22:00:01Z",
            "CSS-6.3.9-05",
        ),
        (["blackout=fri 17:00-mon 08:00"], "2026-11-28T16:59:00Z", "CSS-6.3.9-05"),
        (["blackout=fri 17:00-mon 08:00", "profile=br", "validity=68h"], "2026-11-30T12:58:59Z", "no CRL would be"),
        (["period=2h", "jitter=30m", "validity=500m"], "2026-11-23T22:19:00Z", "16:30:00Z"),
        (["overlap=47h"], "2026-11-23T14:59:00Z", "less left than the overlap"),
        (["period=12h", "delta_period=30m", "delta_validity=5h"], "2026-11-23T18:59:00Z", "no delta CRL would be"),
        (["profile=pkix", "calendar=0 0 29 2 *", "validity=300d"], "2027-09-19T13:59:00Z", "2028-02-29"),
    ],
)
def test_refusal_names_the_first_instant(changes: list[str], instant: str, words: str) -> None:
    """And the run that it hangs on, in UTC and on the wall."""
    with pytest.raises(ScheduleRefused) as refused:
        check(timeline(of(*changes)), (), NOW)

    found = INSTANT.match(str(refused.value))
    assert found is not None
    assert found[1] == instant
    assert words in str(refused.value)


def test_one_second_decides() -> None:
    """Exactly enough is accepted, a second less is not."""
    enough = 12 * HOUR + 6 * HOUR + MAKING + timedelta(seconds=60) + SECOND
    for validity, accepted in ((enough, True), (enough - SECOND, False)):
        schedule = of("period=12h", f"validity={int(validity.total_seconds())}s")
        if accepted:
            check(timeline(schedule), (), NOW)
        else:
            with pytest.raises(ScheduleRefused):
                check(timeline(schedule), (), NOW)


ZONES = st.sampled_from(["UTC", "Europe/Amsterdam", "Africa/Cairo", "Australia/Lord_Howe"])
CALENDARS = st.sampled_from(["0 */6 * * *", "30 2,14 * * *", "0 0 * * *", "15 1 * * mon,thu"])
WINDOWS = st.sampled_from(["", "22:00-06:00", "sat 00:00-sun 12:00"])


@settings(max_examples=examples(20))
@given(ZONES, CALENDARS, WINDOWS, st.integers(8, 120), st.sampled_from([2, 6, 12]), st.sampled_from(["0s", "20m"]))
def test_proof_and_simulation_agree(
    zone: str, calendar: str, window: str, validity: int, allowance: int, jitter: str
) -> None:
    """What is accepted survives an outage before any run of October; what is refused for a gap has one."""
    start = datetime(2026, 10, 10, 3, 0, tzinfo=UTC)
    schedule = of(
        "profile=pkix",
        f"zone={zone}",
        f"calendar={calendar}",
        f"blackout={window}",
        f"validity={validity}h",
        f"outage_allowance={allowance}h",
        f"jitter={jitter}",
    )
    found = timeline((start, schedule))
    try:
        check(found, (), start)
    except ScheduleRefused as refused:
        instant = INSTANT.match(str(refused))
        assert instant is not None
        if jitter == "0s":
            _refused_for_a_reason(schedule, start, datetime.fromisoformat(instant[1]))
        return
    end = start + 18 * DAY
    for run in simulate(found, last_public=None, start=start, end=end).published[1:]:
        outage = TimeSpan(run.at - SECOND, run.at + allowance * HOUR)
        assert simulate(found, last_public=None, start=start, end=end, outages=[outage]).gaps[:-1] == ()


def _refused_for_a_reason(schedule: Schedule, start: datetime, instant: datetime) -> None:
    """An outage of the allowance, and the minutes behind it, that leaves this very instant uncovered; none before."""
    found = timeline((start, schedule))
    end = instant + 3 * DAY
    published = simulate(found, last_public=None, start=start, end=end).published
    before = max(run.at for run in published if run.next_update < instant)
    run = found.next_due(before)
    assert run is not None
    outage = TimeSpan(run - SECOND, run + schedule.outage_allowance + MAKING)
    gaps = simulate(found, last_public=None, start=start, end=end, outages=[outage]).gaps
    assert instant in {gap.start for gap in gaps}


def test_handover_without_a_gap_is_accepted() -> None:
    """From hourly to twice a day, and back."""
    hourly, rare = of(), of("calendar=0 5,17 * * *")

    check(timeline(hourly, (NOW + 12.5 * HOUR, rare), (NOW + 9 * DAY, hourly)), (validity_of(hourly, NOW),), NOW)


def test_handover_that_comes_too_late_is_refused() -> None:
    """The new one's first CRL would come when the old one's last has expired, with an outage in between."""
    short, weekly = of("period=1h", "validity=9h"), of("profile=br", "calendar=0 12 * * mon,thu", "validity=9d")

    with pytest.raises(ScheduleRefused, match=r"At 2026-11-25T22:59:00Z no CRL would be valid.*2026-11-26T12:00:00Z"):
        check(timeline(short, (NOW + 48.5 * HOUR, weekly)), (validity_of(short, NOW),), NOW)


def test_next_update_never_goes_backwards_over_a_handover() -> None:
    """From a year to ten days: refused while a CRL may still be good for a year, accepted once none is."""
    year, days = of("profile=ca", "period=30d", "validity=300d"), of()
    between = of("profile=ca", "period=30d", "validity=60d")

    with pytest.raises(ScheduleRefused, match=r"nextUpdate would go backwards.*BR 7.2"):
        check(timeline(year, (NOW + 20 * DAY, days)), (validity_of(year, NOW),), NOW)
    with pytest.raises(ScheduleRefused, match="nextUpdate would go backwards"):
        check(timeline((NOW - DAY, between), (NOW, days)), (validity_of(between, NOW - HOUR),), NOW)


def test_what_stands_is_looked_at_first() -> None:
    """A CRL that was made for a shorter time, and a next run that comes only after it ends."""
    rare = of("calendar=0 0 * * sun,wed", "profile=br", "validity=9d")
    short = of("validity=9h")
    stands = validity_of(short, NOW - HOUR)

    with pytest.raises(ScheduleRefused, match=r"At 2026-11-23T21:59:00Z no CRL"):
        check(timeline((NOW - DAY, short), (NOW, rare)), (stands,), NOW)


def test_lapsed_crl_is_no_reason_to_refuse() -> None:
    """After a long outage a schedule can still be set: the publisher makes one at once."""
    schedule = of()

    check(timeline((NOW - 9 * DAY, schedule), (NOW, of("period=2h"))), (validity_of(schedule, NOW - 5 * DAY),), NOW)
