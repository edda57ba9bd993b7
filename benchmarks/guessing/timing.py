"""Whether the time of an answer tells that a number exists: `python -m benchmarks.guessing.timing`.

Wrong codes for numbers that exist, for numbers that do not, and for such with a difference that is planted, in a random
order on one connection, each from a source of its own. The program ends with status 1 when the first two differ, and
also when the planted difference is not found: then it could not have found a real one.
"""

import json
import random
import statistics
import sys
from dataclasses import asdict

import click

from pki_revocation.codes import CodeScheme, new_code
from pki_revocation.numbers import number_at

from .comparing import compare
from .scene import Client, scene

PLANTED_SECONDS = 0.001
# Fewer at each number than what is alarmed about, so that all attempts do the same.
_AT_EACH_NUMBER = 4
_WARM_UP = 40
_FORBIDDEN = 403


@click.command()
@click.option("--each", default=1000, type=click.IntRange(100), help="Attempts of each kind.")
def main(each: int) -> None:
    """Measure, compare and print as JSON."""
    numbers = -(-each // _AT_EACH_NUMBER)
    with scene(numbers) as served:
        known = [number for number, _ in served.letters]
        unknown = [number_at(1_000_000 + place) for place in range(numbers)]
        planted = [number_at(2_000_000 + place) for place in range(numbers)]
        order = [
            (kind, pool[place % numbers])
            for kind, pool in (("known", known), ("unknown", unknown), ("planted", planted))
            for place in range(each)
        ]
        random.SystemRandom().shuffle(order)
        client = Client(served.port)
        for place in range(_WARM_UP):
            client.send(number_at(3_000_000 + place), new_code(CodeScheme.ARGON2ID), place)
        times: dict[str, list[float]] = {"known": [], "unknown": [], "planted": []}
        for place, (kind, number) in enumerate(order):
            code = new_code(CodeScheme.ARGON2ID)
            lost = PLANTED_SECONDS if kind == "planted" else 0
            status, seconds = client.send(number, code, _WARM_UP + place, lost)
            if status != _FORBIDDEN:
                raise click.ClickException(f"An attempt was answered with {status}.")
            times[kind].append(seconds * 1000)
    real, control = compare(times["known"], times["unknown"]), compare(times["unknown"], times["planted"])
    print(
        json.dumps(
            {
                "each": each,
                "median_ms": {kind: round(statistics.median(found), 3) for kind, found in times.items()},
                "deviation_ms": {kind: round(statistics.stdev(found), 3) for kind, found in times.items()},
                "known against unknown": asdict(real) | {"differs": real.differs},
                f"planted {PLANTED_SECONDS * 1000:g} ms": asdict(control) | {"differs": control.differs},
            },
            indent=1,
        )
    )
    sys.exit(0 if control.differs and not real.differs else 1)


if __name__ == "__main__":
    main()
