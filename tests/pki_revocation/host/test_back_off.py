"""Trying again: pauses double up to the longest, for ever, and begin anew when it worked."""

from pki_revocation.host.back_off import BackOff


def test_pauses_double_up_to_the_longest() -> None:
    """Also after thousands of failures, of which the power of two would be no number."""
    pauses = BackOff(first=2, longest=60)
    assert [pauses.failed() for _ in range(7)] == [2, 4, 8, 16, 32, 60, 60]
    pauses.failures = 100_000
    assert pauses.failed() == 60


def test_success_begins_anew() -> None:
    """One that worked in between pays for none of the failures before."""
    pauses = BackOff(first=0.1, longest=5)
    pauses.failed()
    pauses.failed()
    pauses.worked()
    assert pauses.failed() == 0.1


def test_a_first_pause_is_no_longer_than_the_longest() -> None:
    """Whatever was set."""
    assert BackOff(first=10, longest=5).failed() == 5


def test_a_long_life_is_a_success() -> None:
    """What ended right after its start waits longer each time; what lived well is started again soon."""
    pauses = BackOff(first=1, longest=30, lived_well=60)
    assert [pauses.ended(lived) for lived in (0.2, 0.2, 59.9)] == [1, 2, 4]
    assert pauses.ended(60.0) == 1
