"""Memory, processes and start of each service, and what it uses of a core while there is nothing to do.

Memory is the proportional set size: a page that several processes share is counted once, a part in each of them.
"""

import statistics
import time
from dataclasses import dataclass

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row
from benchmarks.processes import cpu_of, family, pss_of

from .serving import Serving, serving

MEMORY = Row(name="memory", title="`serve all`, idle: memory (PSS)", unit="MiB", must=350, aim=250)
PROCESSES = Row(name="processes", title="`serve all`: processes", unit="", must=12, aim=12)
_SETTLING_SECONDS = 5
_IDLE_SECONDS = 20
_MIB = 2**20
_SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """Of one service, or of all of them."""

    processes: int
    pss_mib: float
    start_cpu_seconds: float
    ready_seconds: float
    idle_percent: float


def measure(campaign: Campaign) -> list[Cell]:
    """Start everything *rounds* times; each figure is the median."""
    rounds = []
    for _ in range(campaign.rounds):
        with serving(campaign.folder / "weight") as running:
            rounds.append(_weights(running))
    return _cells(rounds)


def _weights(running: Serving) -> dict[str, Weight]:
    time.sleep(_SETTLING_SECONDS)
    processes = running.by_service()
    served = [each for members in processes.values() for each in members]
    processes[_SUPERVISOR] = [each for each in family(running.supervisor) if each not in served]
    used = {service: cpu_of(members) for service, members in processes.items()}
    begun = time.monotonic()
    time.sleep(_IDLE_SECONDS)
    seconds = time.monotonic() - begun
    return {
        service: Weight(
            processes=len(members),
            pss_mib=pss_of(members) / _MIB,
            start_cpu_seconds=used[service],
            ready_seconds=running.seconds_to_ready.get(service, 0.0),
            idle_percent=100 * (cpu_of(members) - used[service]) / seconds,
        )
        for service, members in processes.items()
    }


def _cells(rounds: list[dict[str, Weight]]) -> list[Cell]:
    totals = [_total(weights) for weights in rounds]
    whole = _middle(totals)
    cells: list[Cell] = [
        _figure(PROCESSES, "pki-revocation", [float(each.processes) for each in totals]),
        _figure(MEMORY, "pki-revocation", [each.pss_mib for each in totals], _beside(whole)),
    ]
    for service in rounds[0]:
        each = [weights[service] for weights in rounds]
        middle = _middle(each)
        beside = {"processes": middle.processes} | _beside(middle)
        cells.append(_figure(MEMORY, service, [one.pss_mib for one in each], beside))
    return cells


def _figure(row: Row, who: str, values: list[float], beside: dict[str, float | int | str] | None = None) -> Figure:
    return Figure(row=row, who=who, value=statistics.median(values), rounds=tuple(values), beside=beside or {})


def _beside(weight: Weight) -> dict[str, float | int | str]:
    return {
        "CPU s to start": weight.start_cpu_seconds,
        "s to ready": weight.ready_seconds,
        "% of a core idle": weight.idle_percent,
    }


def _total(weights: dict[str, Weight]) -> Weight:
    every = weights.values()
    return Weight(
        processes=sum(each.processes for each in every),
        pss_mib=sum(each.pss_mib for each in every),
        start_cpu_seconds=sum(each.start_cpu_seconds for each in every),
        ready_seconds=max(each.ready_seconds for each in every),
        idle_percent=sum(each.idle_percent for each in every),
    )


def _middle(weights: list[Weight]) -> Weight:
    return Weight(
        processes=statistics.median_low([each.processes for each in weights]),
        pss_mib=statistics.median([each.pss_mib for each in weights]),
        start_cpu_seconds=statistics.median([each.start_cpu_seconds for each in weights]),
        ready_seconds=statistics.median([each.ready_seconds for each in weights]),
        idle_percent=statistics.median([each.idle_percent for each in weights]),
    )


if __name__ == "__main__":
    command({"services": measure}, "weight figures")()
