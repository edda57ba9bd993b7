"""How many turns there are, how many of them failing sources share, and who waits for how long."""

import os

import pytest

from pki_revocation.errors import TooManyAttempts
from pki_revocation.rate_limiting import hashing_queue
from pki_revocation.rate_limiting.hashing_queue import HashingQueue
from tests.pki_revocation.rate_limiting.test_hashing_queue import holding, source


@pytest.mark.parametrize(
    ("turns", "cores", "clean", "failing"),
    [(None, 6, 6, 3), (None, None, 2, 1), (None, 1, 2, 1), (1, 6, 2, 1), (5, 2, 5, 2), (3, 2, 3, 1)],
)
def test_there_are_as_many_turns_as_cores(
    turns: int | None, cores: int | None, clean: int, failing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at least, and half of them for those that have failed."""
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    for is_clean, expected in ((True, clean), (False, failing)):
        budget = HashingQueue(turns)
        with holding(budget, *[f"source {place}" for place in range(expected + 1)], is_clean=is_clean) as holders:
            assert [each.has_it.is_set() for each in holders] == [True] * expected + [False]


def test_failing_sources_wait_for_others_too() -> None:
    """Those without failures may have every turn; then the share of the failing ones is not free either."""
    budget = HashingQueue(4)
    with (
        holding(budget, "a", "b", "c", "d", is_clean=True) as clean,
        holding(budget, "e", is_clean=False) as (failing,),
    ):
        assert [each.has_it.is_set() for each in clean] == [True] * 4
        assert not failing.has_it.is_set()
        clean[0].let_go()
        assert failing.has_it.wait(5)


@pytest.mark.parametrize("is_clean", [True, False])
def test_four_of_one_source_wait(is_clean: bool) -> None:  # noqa: FBT001 - a column of the table
    """The fifth is told to come again in five seconds."""
    budget = HashingQueue(4)
    with holding(budget, *["a"] * 5, is_clean=is_clean):
        with pytest.raises(TooManyAttempts) as refused, budget.slot(source("a"), is_clean=is_clean):
            pass
        assert refused.value.retry_after == 5


def test_eight_failing_sources_wait() -> None:
    """One more is told to come again, and those that wait without having failed are not counted."""
    budget = HashingQueue(2)
    people, failing = [f"clean {place}" for place in range(8)], [f"failing {place}" for place in range(8)]
    with holding(budget, "x", "y", *people, is_clean=True) as clean, holding(budget, *failing, is_clean=False) as rest:
        with pytest.raises(TooManyAttempts) as refused, budget.slot(source("one more"), is_clean=False):
            pass
        assert refused.value.retry_after == 5
        assert not any(each.result.done() for each in rest)
        for each in clean:
            each.let_go()


def test_who_has_not_failed_waits_for_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """And has a turn of its own then: patience ends for failing sources alone."""
    monkeypatch.setattr(hashing_queue, "TIMEOUT_SECONDS", 0.01)
    budget = HashingQueue(2)
    with holding(budget, "a", "b", "c", is_clean=True) as (first, _, third):
        assert not third.has_it.wait(0.2)
        assert not third.result.done()
        first.let_go()
        assert third.has_it.wait(5)


def test_queue_is_in_the_order_of_coming() -> None:
    """Among those of different neighbourhoods."""
    budget = HashingQueue(2)
    names = ["x", "y", "a", "b", "c"]
    with holding(budget, *names, is_clean=True) as (x, y, a, b, c):
        for ends, begins, later in ((x, a, (b, c)), (y, b, (c,))):
            ends.let_go()
            assert begins.has_it.wait(5)
            assert not any(each.has_it.is_set() for each in later)


def test_each_neighbour_steps_back_as_far_as_there_are_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second that waits goes behind so many later ones, and before the next."""
    monkeypatch.setattr(hashing_queue, "STEP_BACK", 2)
    budget = HashingQueue(2)
    with (
        holding(budget, "x", "y", "198.51.100.1", "198.51.100.2", is_clean=True) as (x, y, first, second),
        holding(budget, "10.0.0.1", "10.1.0.1", "10.2.0.1", is_clean=True) as (before, level, behind),
    ):
        # The second came fourth and steps back by two, to the sixth place, which it has before the one that came sixth.
        for ends, begins in ((x, first), (y, before), (first, second), (before, level)):
            ends.let_go()
            assert begins.has_it.wait(5), begins
        assert not behind.has_it.is_set()
