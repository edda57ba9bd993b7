"""`make mutants`: changes the lines that must not be wrong, one at a time, and sees whether a test notices."""

import argparse
import json
import multiprocessing
import multiprocessing.connection
import os
import random
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mutation import report
from tests.mutation.covering import Run
from tests.mutation.forking import Verdict
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.results import Result, Results
from tests.mutation.server import OPTIONS, ForkServer
from tests.mutation.table import EQUIVALENT, ROOT, TABLE, Room, equivalents, rooms


def main(arguments: Sequence[str] | None = None) -> int:
    """Try what is to be tried; 1 when a file is below the goal, or the reviewed list is stale."""
    asked = _asked(arguments)
    known = {room.name: room for room in rooms(asked.table, asked.root)}
    if unknown := set(asked.rooms) - known.keys():
        sys.exit(f"There is no {', '.join(sorted(unknown))} in {asked.table}.")
    chosen = [known[name] for name in asked.rooms or known]
    waiting = list(chosen)
    running: list[multiprocessing.process.BaseProcess] = []
    context = multiprocessing.get_context("fork")
    while waiting or running:
        while waiting and len(running) < asked.jobs:
            room = waiting.pop(0)
            process = context.Process(target=_try_room, args=(room, asked))
            process.start()
            running.append(process)
        multiprocessing.connection.wait([process.sentinel for process in running])
        running = [process for process in running if process.is_alive()]
    return _told(chosen, asked)


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("rooms", nargs="*", help="names of the table; all of them without any")
    parser.add_argument("--root", type=Path, default=ROOT, help="what the table's paths begin at")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--equivalent", type=Path, default=EQUIVALENT)
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "mutants", help="for results and logs")
    parser.add_argument("--jobs", type=int, default=1, help="rooms that are tried side by side")
    parser.add_argument("--sample", type=float, default=1.0, help="try this part of each file's mutants only")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    return parser.parse_args(arguments)


def _sampled(room: Room, asked: argparse.Namespace) -> list[Mutant]:
    """The mutants of a room that are to be tried."""
    found = []
    for file in room.files:
        made = mutants_of(file)
        if asked.sample < 1.0:
            draw = random.Random(f"{asked.seed} {file.stem}")  # noqa: S311 - a sample, not a secret
            kept = set(draw.sample(range(len(made)), round(asked.sample * len(made))))
            made = [mutant for place, mutant in enumerate(made) if place in kept]
        found += made
    return found


def _try_room(room: Room, asked: argparse.Namespace) -> None:
    own = asked.folder / room.name
    own.mkdir(parents=True, exist_ok=True)
    results = Results(room, own, asked.root)
    todo = [mutant for mutant in _sampled(room, asked) if results.of(mutant) is None]
    if not todo:
        return
    # However it is ended, what its tests started is ended too.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    said = os.dup(2)
    os.environ["PYTHONHASHSEED"] = "0"
    log = os.open(own / "pytest.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    done = 0

    def say(text: str) -> None:
        os.write(said, f"{room.name}: {text}\n".encode())

    def choose(runs: Sequence[Run]) -> Sequence[Mutant]:
        failed = [run.test for run in runs if not run.passed]
        for test in failed[:5]:
            say(f"fails without any change, and is not asked: {test}")
        if len(failed) > 5:
            say(f"and {len(failed) - 5} more fail")
        say(f"{len(todo)} mutants, {len(runs)} tests of {sum(run.seconds for run in runs):.0f} s")
        return todo

    def record(mutant: Mutant, verdict: Verdict, tests: int) -> None:
        nonlocal done
        done += 1
        result = results.add(mutant, verdict, tests)
        if result.killed_by is None:
            say(f"[{done}/{len(todo)}] alive, {tests} tests: {result.file}:{result.line}: {mutant.key}")

    server = ForkServer(room, own, choose, record)
    code = pytest.main([*OPTIONS, *map(str, room.tests)], plugins=[server])
    if done < len(todo):
        say(f"ended early ({code}): see {own / 'pytest.log'}")


def _told(chosen: Sequence[Room], asked: argparse.Namespace) -> int:
    known = equivalents(asked.equivalent)
    tried: list[tuple[Mutant, Result]] = []
    everything: list[tuple[str, Mutant]] = []
    made: dict[str, int] = {}
    for room in chosen:
        results = Results(room, asked.folder / room.name, asked.root)
        for file in room.files:
            name = file.relative_to(asked.root).as_posix()
            of_file = mutants_of(file)
            made[name] = len(of_file)
            everything += [(name, mutant) for mutant in of_file]
        found = ((mutant, results.of(mutant)) for mutant in _sampled(room, asked))
        tried += [(mutant, result) for mutant, result in found if result is not None]
    found_scores = report.scores(tried, made, known)
    table = report.markdown(found_scores)
    print(table)
    asked.folder.mkdir(parents=True, exist_ok=True)
    (asked.folder / "table.md").write_text(table + "\n")
    (asked.folder / "alive.json").write_text(
        json.dumps({each.file: [[a.line, a.key, a.asked] for a in each.alive] for each in found_scores}, indent=1)
    )
    for each in found_scores:
        for result in each.alive:
            print(f"alive: {result.file}:{result.line}: {result.key} ({result.asked} tests)")
    is_stale = report.stale(tried, everything, known)
    for text in is_stale:
        print(f"{asked.equivalent.name} is stale: {text}")
    low = [each for each in found_scores if each.per_cent is not None and each.per_cent < report.GOAL]
    for each in low:
        print(f"below {report.GOAL:.0f} %: {each.file}")
    # A run that ended early, or whose tests did not start, must not pass for one that killed everything.
    untried = [each for each in found_scores if asked.sample >= 1.0 and each.tried < each.made]
    for each in untried:
        print(f"{each.made - each.tried} of {each.made} not tried: {each.file}")
    return 1 if low or untried or is_stale else 0


if __name__ == "__main__":
    sys.exit(main())
