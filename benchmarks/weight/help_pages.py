"""What `--help` costs of the processor: of the program itself, and of every command and subcommand."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row, middle
from tests.help_pages import Words, commands
from tests.integration.running_demo import environment

PROGRAM = Row(name="help", title="`pki-revocation --help`", unit="CPU s", must=0.3, aim=0.15)
COMMAND = Row(name="command help", title="`--help` of a command, the slowest", unit="CPU s", must=0.25, aim=0.2)


def measure(campaign: Campaign) -> list[Cell]:
    """The program's own, the slowest command's, and each command's with the slowest one below it."""
    whole = tuple(cpu_of_help(()) for _ in range(campaign.rounds))
    paths = list(commands())
    found = {path: tuple(cpu_of_help(path) for _ in range(campaign.rounds)) for path in paths}
    medians = {path: middle(list(rounds)) for path, rounds in found.items()}
    slowest = max(paths, key=medians.__getitem__)
    cells: list[Cell] = [
        Figure(row=PROGRAM, who="pki-revocation", value=middle(list(whole)), rounds=whole),
        Figure(
            row=COMMAND,
            who="pki-revocation",
            value=medians[slowest],
            rounds=found[slowest],
            beside={"which": " ".join(slowest), "commands": len(paths)},
        ),
    ]
    for path in (each for each in paths if len(each) == 1):
        below = [each for each in paths if each[:1] == path and each != path]
        worst = max(below, key=medians.__getitem__, default=None)
        beside: dict[str, float | int | str] = {} if worst is None else {" ".join(worst): medians[worst]}
        cells.append(Figure(row=COMMAND, who=path[0], value=medians[path], rounds=found[path], beside=beside))
    return cells


def cpu_of_help(path: Words) -> float:
    """Seconds of the processor, user and system, of one `pki-revocation ... --help`.

    Raises:
        subprocess.CalledProcessError: when it fails.
    """
    words = [str(Path(sys.executable).with_name("pki-revocation")), *path, "--help"]
    before = os.times()
    subprocess.run(words, stdout=subprocess.DEVNULL, env=environment(), check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    command({"help": measure}, "weight figures")()
