"""What is measured: registers of revoked certificates, made once and kept, and trials on one core."""

import os
import sys
from functools import lru_cache
from pathlib import Path

from benchmarks.campaign import Campaign
from benchmarks.processes import SERVER_CORE
from crl_publisher.bench.command import run_trial
from crl_publisher.bench.register import make_register
from crl_publisher.bench.trial import Costs

MILLION = 1_000_000


def register_of(campaign: Campaign, count: int) -> Path:
    """A register with *count* revoked certificates."""
    folder = campaign.folder / f"crl-{count}"
    if not (folder / "done").is_file():
        say(f"making a register of {count:,} revoked certificates in {folder}")
    make_register(folder, count)
    return folder


@lru_cache
def trials(campaign: Campaign, count: int, rounds: int) -> tuple[Costs, ...]:
    """Several trials on the register of *count*, on the core that the server of other tables has."""
    folder = register_of(campaign, count)
    found = []
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})
    try:
        for number in range(rounds):
            found.append(run_trial(folder))
            cost = found[-1]
            say(
                f"{count:,} entries, {number + 1}: build {cost.build.cpu:.3f} s of CPU, "
                f"first CRL {cost.first.wall:.2f} s, next CRL {cost.next.wall:.2f} s, {cost.peak_mib:.0f} MiB"
            )
    finally:
        os.sched_setaffinity(0, before)
    return tuple(found)


def say(what: str) -> None:
    """Progress, on standard error."""
    print(f"  {what}", file=sys.stderr, flush=True)
