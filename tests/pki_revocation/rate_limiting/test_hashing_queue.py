"""The hashing budget: who gets a turn, and who waits."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from pki_revocation.errors import TooManyAttempts
from pki_revocation.rate_limiting import hashing_queue
from pki_revocation.rate_limiting.client_address import ClientAddress
from pki_revocation.rate_limiting.hashing_queue import WAITING_PER_SOURCE, WAITING_WITH_FAILURES, HashingQueue


def source(network: str) -> ClientAddress:
    """Somebody from there."""
    return ClientAddress(address="", network=network)


class Holder:
    """Somebody in a thread who asks for a turn, and keeps it until told to let it go."""

    def __init__(self, budget: HashingQueue, network: str, *, is_clean: bool) -> None:
        """Ask."""
        self.has_it = threading.Event()
        self.done = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self.result: Future[None] = self._pool.submit(self._hold, budget, network, is_clean=is_clean)

    def _hold(self, budget: HashingQueue, network: str, *, is_clean: bool) -> None:
        with budget.slot(source(network), is_clean=is_clean):
            self.has_it.set()
            self.done.wait(20)

    def let_go(self) -> None:
        """End, and wait for the end."""
        self.done.set()
        self.result.result(20)
        self._pool.shutdown()


@contextmanager
def holding(budget: HashingQueue, *networks: str, is_clean: bool) -> Iterator[list[Holder]]:
    """Several who ask, one after the other."""
    with ExitStack() as ends:
        holders = []
        for network in networks:
            holders.append(Holder(budget, network, is_clean=is_clean))
            ends.callback(holders[-1].let_go)
            # Until it has a turn or waits for one.
            holders[-1].has_it.wait(0.05)
        ends.callback(_end_all, holders)
        yield holders


def _end_all(holders: list[Holder]) -> None:
    for each in holders:
        each.done.set()


def test_a_turn_is_kept_for_who_has_not_failed() -> None:
    """However many have failed and ask, one without failures has a turn at once."""
    budget = HashingQueue(2)
    with holding(budget, "a", "b", "c", is_clean=False) as failing:
        assert [each.has_it.is_set() for each in failing] == [True, False, False]
        with budget.slot(source("clean"), is_clean=True):
            pass


def test_one_source_has_one_turn_at_a_time() -> None:
    """What failed is looked at again inside a turn, so two at once would win an attempt."""
    budget = HashingQueue(4)
    with holding(budget, "a", "a", is_clean=True) as (first, second):
        assert first.has_it.is_set()
        assert not second.has_it.is_set()
        first.let_go()
        assert second.has_it.wait(5)


def test_who_fails_takes_turns_when_others_let_go() -> None:
    """Nobody in the queue is forgotten."""
    budget = HashingQueue(2)
    with holding(budget, "a", "b", is_clean=False) as (first, second):
        first.let_go()
        assert second.has_it.wait(5)


def test_crowd_of_failing_sources_is_turned_away_and_others_are_not() -> None:
    """Threads that wait for them are threads that others do not find free."""
    budget = HashingQueue(2)
    crowd = [f"failing {place}" for place in range(WAITING_WITH_FAILURES + 1)]
    with holding(budget, *crowd, is_clean=False):
        with pytest.raises(TooManyAttempts), budget.slot(source("one more"), is_clean=False):
            pass
        with budget.slot(source("clean"), is_clean=True):
            pass


def test_crowd_of_one_source_is_turned_away() -> None:
    """It holds a few threads and no more, with or without failures."""
    budget = HashingQueue(2)
    with holding(budget, *["a"] * (WAITING_PER_SOURCE + 1), is_clean=True):
        with pytest.raises(TooManyAttempts), budget.slot(source("a"), is_clean=True):
            pass
        with budget.slot(source("b"), is_clean=True):
            pass


def test_neighbours_step_back() -> None:
    """In a flood from one site, whoever comes from elsewhere waits for one of its networks and not for all."""
    budget = HashingQueue(2)
    flood = [f"2001:db8:0:{place:x}::/64" for place in range(8)]
    with holding(budget, *flood, is_clean=True) as holders, holding(budget, "192.0.2.1", is_clean=True) as (person,):
        assert [each.has_it.is_set() for each in holders] == [True, True] + [False] * 6
        holders[0].let_go()
        # The first that waits has nobody to step back behind, and came before.
        assert holders[2].has_it.wait(5)
        holders[1].let_go()
        assert person.has_it.wait(5)
        assert not any(each.has_it.is_set() for each in holders[3:])


def test_nobody_steps_back_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody with neighbours goes before those who come much later."""
    monkeypatch.setattr(hashing_queue, "STEP_BACK", 3)
    budget = HashingQueue(2)
    neighbours = ["198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"]
    later = [f"10.{place}.0.1" for place in range(5)]
    with holding(budget, *neighbours, is_clean=True) as waiting, holding(budget, *later, is_clean=True) as others:
        for each in (*waiting[:3], *others[:2]):
            each.let_go()
        assert waiting[3].has_it.wait(5)
        assert not others[4].has_it.is_set()


def test_who_has_failed_does_not_wait_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sooner or later it is told to come again, and its place in the queue is free."""
    monkeypatch.setattr(hashing_queue, "TIMEOUT_SECONDS", 0.05)
    budget = HashingQueue(2)
    with holding(budget, "a", is_clean=False) as (first,):
        for _ in range(WAITING_WITH_FAILURES + 1):
            with pytest.raises(TooManyAttempts), budget.slot(source("b"), is_clean=False):
                pass
        first.let_go()
    with budget.slot(source("b"), is_clean=False):
        pass
