"""How long others wait while 500 clients hold connections and do nothing useful with them.

A third sends half of a request's head, a third half of a body, a third asks a lot and never reads an answer. A client
whose connection is closed comes back at once.
"""

import asyncio
import multiprocessing
import multiprocessing.synchronize
import time
from dataclasses import dataclass

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row, middle
from benchmarks.wrk import Plan, load
from ocsp_responder.bench.questions import CACHED_GET, CACHED_POST

from .installation import Prepared, prepare, say

SLOW_CLIENTS = 500
ROW = Row(
    name="slow_clients", title=f"99th percentile with {SLOW_CLIENTS} slow clients, to idle", unit="×", must=2, aim=1.2
)
_CONNECTIONS = 8
_WAIT_SECONDS = 30
_MUCH = 200
# Connecting so many takes the load's own core for a moment.
_SETTLE_SECONDS = 2


def measure(campaign: Campaign) -> list[Cell]:
    """Without and with them, in turn."""
    subject = prepare(campaign.folder / "installation")
    plan = Plan(host=subject.host, requests=subject.requests(CACHED_GET), connections=_CONNECTIONS)
    idle, held = [], []
    with subject.responder():
        load(plan, 1)
        for number in range(campaign.rounds):
            idle.append(load(plan, campaign.seconds).p99)
            with _Holding(subject):
                done = load(plan, campaign.seconds)
            if done.failed:
                raise AssertionError(f"{done.failed} of {done.requests} requests failed beside slow clients")
            held.append(done.p99)
            say(f"round {number + 1}: {idle[-1]:.3f} ms, beside slow clients {held[-1]:.3f} ms")
    rounds = tuple(slow / alone for slow, alone in zip(held, idle, strict=True))
    beside: dict[str, float | int | str] = {"idle ms": middle(idle), "held ms": middle(held)}
    return [Figure(row=ROW, who="pki-revocation", value=middle(list(rounds)), rounds=rounds, beside=beside)]


class _Holding:
    """The slow clients, in a process of their own, until the block ends."""

    def __init__(self, subject: Prepared) -> None:
        host, _, port = subject.host.rpartition(":")
        head = subject.requests(CACHED_GET)[0]
        body = subject.requests(CACHED_POST)[0]
        context = multiprocessing.get_context("spawn")
        self._all_there = context.Event()
        parts = (head[: len(head) // 2], body[:-20], head * _MUCH)
        self._process = context.Process(target=_hold, args=(host, int(port), parts, self._all_there), daemon=True)

    def __enter__(self) -> None:
        self._process.start()
        if not self._all_there.wait(_WAIT_SECONDS):
            raise AssertionError("the slow clients were not let in")
        time.sleep(_SETTLE_SECONDS)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()


@dataclass(slots=True)
class _Held:
    count: int = 0


def _hold(host: str, port: int, parts: tuple[bytes, ...], all_there: multiprocessing.synchronize.Event) -> None:
    held = _Held()

    async def slow(part: bytes) -> None:
        while True:
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(part)
            held.count += 1
            if held.count == SLOW_CLIENTS:
                all_there.set()
            if part is parts[-1]:
                writer.transport.pause_reading()  # type: ignore[attr-defined] # asyncio's own transports can
                await asyncio.sleep(_WAIT_SECONDS * 10)
            await reader.read()
            writer.close()

    async def everyone() -> None:
        await asyncio.gather(*(slow(parts[place % len(parts)]) for place in range(SLOW_CLIENTS)))

    asyncio.run(everyone())


if __name__ == "__main__":
    command({ROW.name: measure}, "figures")()
