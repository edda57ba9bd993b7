"""The simulation: what an outage delays is made up for, a misfire is not, and gaps are found to the second."""

from crl_publisher.scheduling.simulation import TimeSpan, simulate
from crl_publisher.scheduling.timeline import CrlKind
from tests.crl_publisher.scheduling.schedules import DAY, HOUR, NOW, SECOND, of, timeline, validity_of


def test_runs_come_when_they_are_due() -> None:
    """The first at once where nothing is public; nextUpdate is a second and a backdate early."""
    found = simulate(timeline(of("period=6h")), last_public=None, start=NOW, end=NOW + DAY)

    assert [(run.at - NOW) / HOUR for run in found.published] == [0, 6, 12, 18]
    assert found.published[0].next_update == NOW + 48 * HOUR - 61 * SECOND
    assert found.gaps == ()
    assert found.least_left() == (42 * HOUR - 61 * SECOND, NOW + 6 * HOUR)


def test_outage_delays_and_gaps_are_exact() -> None:
    """What became due meanwhile comes once, when it is over; the routine keeps its times."""
    schedule = of("period=6h", "validity=13h", "outage_allowance=1h")
    outage = TimeSpan(NOW + 5 * HOUR, NOW + 20 * HOUR)
    found = simulate(
        timeline(schedule), last_public=validity_of(schedule, NOW), start=NOW, end=NOW + DAY + HOUR, outages=[outage]
    )

    assert [(run.at - NOW) / HOUR for run in found.published] == [20, 24]
    assert [(run.due - NOW) / HOUR for run in found.published] == [6, 24]
    assert found.gaps == (TimeSpan(NOW + 13 * HOUR - 60 * SECOND, NOW + 20 * HOUR),)


def test_misfire_is_not_made_up_for() -> None:
    """The run does not come, and the next one comes at its own time."""
    found = simulate(
        timeline(of("period=6h")),
        last_public=None,
        start=NOW,
        end=NOW + DAY,
        misfires=[NOW + 5 * HOUR, NOW + 17 * HOUR],
    )

    assert [(run.at - NOW) / HOUR for run in found.published] == [0, 12]


def test_handover_and_deltas() -> None:
    """Each CRL follows the version of its moment; nextUpdate does not fall with a shorter validity."""
    found = simulate(
        timeline(of("period=4h", "validity=5d"), (NOW + 10 * HOUR, of("period=6h", "delta_period=2h"))),
        last_public=None,
        start=NOW,
        end=NOW + 20 * HOUR,
    )

    complete = found.of(CrlKind.COMPLETE)
    assert [((run.at - NOW) / HOUR, run.version) for run in complete] == [(0, 1), (4, 1), (8, 1), (10, 2), (16, 2)]
    assert complete[3].next_update == complete[2].next_update
    assert [(run.at - NOW) / HOUR for run in found.of(CrlKind.DELTA)] == [12, 14, 18]


def test_end_that_nothing_covers_is_a_gap() -> None:
    """A schedule whose next run lies behind the horizon."""
    schedule = of("profile=pkix", "calendar=0 0 1 * *", "validity=2d")
    found = simulate(timeline(schedule), last_public=None, start=NOW, end=NOW + 3 * DAY)

    assert found.gaps == (TimeSpan(NOW + 2 * DAY - 60 * SECOND, NOW + 3 * DAY),)
