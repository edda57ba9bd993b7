"""Who answers, and rounds in which they take turns on the same core under the same load."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import psutil

from benchmarks.campaign import Campaign
from benchmarks.figures import Cell, Figure, NotMeasured, Row, middle
from benchmarks.processes import cpu_seconds
from benchmarks.wrk import Load, Plan, load
from ocsp_responder.bench.questions import Asking

from .installation import say

_CHECK_EVERY_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A running server. *plan* says how it is asked, or why it is not; *check* raises where an answer is wrong."""

    name: str
    process: psutil.Process
    plan: Callable[[Asking], Plan | str]
    check: Callable[[], object] | None = None
    run: Callable[[Plan, float], Load] = load


@dataclass(slots=True)
class _Score:
    rates: list[float]
    cpu: list[float]
    checked: int = 0


def ratios(
    row: Row, asking: Asking, yardstick: Contender, contenders: list[Contender], campaign: Campaign
) -> list[Cell]:
    """Requests per second of each, as a ratio to the yardstick's in the same round; the median over the rounds."""
    scores = {each.name: _Score([], []) for each in (yardstick, *contenders)}
    plans = {each.name: each.plan(asking) for each in (yardstick, *contenders)}
    for number in range(campaign.rounds):
        for each in (yardstick, *contenders):
            plan = plans[each.name]
            if not isinstance(plan, str):
                _round(each, plan, campaign.seconds, scores[each.name])
                say(f"{row.title}, round {number + 1}: {each.name} {scores[each.name].rates[-1]:,.0f}/s")
    cells: list[Cell] = []
    floor = scores[yardstick.name].rates
    for each in (*contenders, yardstick):
        plan, score = plans[each.name], scores[each.name]
        if isinstance(plan, str):
            cells.append(NotMeasured(row=row, who=each.name, why=plan))
            continue
        rounds = [rate / base for rate, base in zip(score.rates, floor, strict=True)]
        beside: dict[str, float | int | str] = {"per second": middle(score.rates), "CPU µs": middle(score.cpu)}
        if score.checked:
            beside["verified"] = score.checked
        cells.append(Figure(row=row, who=each.name, value=middle(rounds), rounds=tuple(rounds), beside=beside))
    return cells


def _round(contender: Contender, plan: Plan, seconds: float, score: _Score) -> None:
    contender.run(plan, 1)
    spent = cpu_seconds(contender.process)
    with _Checking(contender) as checking:
        done = contender.run(plan, seconds)
    spent = cpu_seconds(contender.process) - spent
    if done.failed:
        raise AssertionError(f"{contender.name} failed {done.failed} of {done.requests} requests")
    score.rates.append(done.rate)
    score.cpu.append(spent * 1e6 / done.requests)
    score.checked += checking.done


class _Checking:
    """Asks like a relying party that verifies while the load runs: fast and wrong does not count."""

    def __init__(self, contender: Contender) -> None:
        self._check = contender.check
        self._end = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run)
        self.done = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while self._check is not None and not self._end.wait(_CHECK_EVERY_SECONDS):
            try:
                self._check()
            except Exception as error:  # noqa: BLE001 - raised again in the measuring thread
                self._failure = error
                return
            self.done += 1
