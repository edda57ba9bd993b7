"""How long a right code takes while wrong ones flood in: `python -m benchmarks.guessing.flood`.

Four times the same revocations, one after the other: alone; beside wrong codes from so many sources that go on and on;
and beside wrong codes that each come from a source not seen before, which no limit by source can tell from subscribers:
from neighbouring addresses, as an attacker with whole networks sends them, and each from a neighbourhood of its own.
"""

import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable

import click

from pki_revocation.codes import CodeScheme, new_code
from pki_revocation.numbers import number_at

from .scene import Client, Scene, scene

_OK = 200
_SETTLE_SECONDS = 10
# Where right codes come from: away from all that flood.
_RIGHT_SOURCES = 200_000_000
_FRESH_SOURCES = 1_000_000
_FAR_SOURCES = 10_000_000
_NEIGHBOURHOOD = 256


class Flood:
    """Threads that send wrong codes as fast as they are answered."""

    def __init__(self, port: int, threads: int, source_of: Callable[[int], int]) -> None:
        """Begin; *source_of* gives the source of the first, second… wrong code."""
        self.statuses: Counter[int] = Counter()
        self._stop = threading.Event()
        self._port, self._source_of = port, source_of
        self._lock = threading.Lock()
        self._sent = 0
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        client = Client(self._port)
        while not self._stop.is_set():
            with self._lock:
                self._sent += 1
                place = self._sent
            number, code = number_at(1_000_000 + place % 1000), new_code(CodeScheme.ARGON2ID)
            status, _ = client.send(number, code, self._source_of(place))
            with self._lock:
                self.statuses[status] += 1


@click.command()
@click.option("--revocations", default=200, type=click.IntRange(20), help="In each of the four parts.")
@click.option("--threads", default=16, type=click.IntRange(1, 256), help="Connections that flood.")
@click.option("--sources", default=200, type=click.IntRange(1), help="Sources that flood on and on.")
def main(revocations: int, threads: int, sources: int) -> None:
    """Measure and print as JSON; ends with status 1 when any right code was refused."""
    parts: dict[str, Callable[[int], int] | None] = {
        "alone": None,
        f"{sources} sources": lambda place: place % sources,
        "fresh neighbours": lambda place: _FRESH_SOURCES + place,
        "fresh from everywhere": lambda place: _FAR_SOURCES + place * _NEIGHBOURHOOD,
    }
    refused = 0
    with scene(len(parts) * revocations) as served:
        for part, (name, source_of) in enumerate(parts.items()):
            flood = None if source_of is None else Flood(served.port, threads, source_of)
            if flood is not None:
                time.sleep(_SETTLE_SECONDS)
            begun = time.monotonic()
            before = flood.statuses.total() if flood else 0
            times, wrong = _revoke(served, part * revocations, revocations)
            seconds, sent = time.monotonic() - begun, (flood.statuses.total() if flood else 0) - before
            refused += wrong
            if flood is not None:
                flood.stop()
            figures = {
                "refused": wrong,
                "median_ms": round(statistics.median(times), 1),
                "p99_ms": round(statistics.quantiles(times, n=100)[98], 1),
                "longest_ms": round(max(times), 1),
                "wrong_per_second": round(sent / seconds, 1),
                "wrong_statuses": dict(flood.statuses) if flood else {},
            }
            print(json.dumps({name: figures}), flush=True)
    raise SystemExit(1 if refused else 0)


def _revoke(served: Scene, first: int, count: int) -> tuple[list[float], int]:
    client = Client(served.port)
    times, refused = [], 0
    for place, (number, code) in enumerate(served.letters[first : first + count]):
        status, seconds = client.send(number, code, _RIGHT_SOURCES + first + place)
        refused += status != _OK
        times.append(seconds * 1000)
    return times, refused


if __name__ == "__main__":
    main()
