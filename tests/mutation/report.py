"""The score of each file, as a table for people, and what is to be done about the rest."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.mutation.mutants import Mutant
from tests.mutation.results import Result
from tests.mutation.table import Equivalent

GOAL = 95.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of one file: *alive* are those that nothing explains."""

    file: str
    made: int
    tried: int
    equivalent: int
    alive: tuple[Result, ...]

    @property
    def per_cent(self) -> float | None:
        """Killed, of those tried that are no equivalents; None where nothing was tried, which proves nothing."""
        counted = self.tried - self.equivalent
        if counted == 0:
            return None if self.made else 100.0
        return 100.0 * (counted - len(self.alive)) / counted


def scores(tried: Iterable[tuple[Mutant, Result]], made: dict[str, int], known: Sequence[Equivalent]) -> list[Score]:
    """One for each file, in the order of *made*."""
    by_file: dict[str, list[tuple[Mutant, Result]]] = defaultdict(list)
    for mutant, result in tried:
        by_file[result.file].append((mutant, result))
    found = []
    for file, count in made.items():
        pairs = by_file[file]
        excused = [pair for pair in pairs if is_known(pair[0], file, known)]
        alive = [result for mutant, result in pairs if result.killed_by is None and not is_known(mutant, file, known)]
        found.append(Score(file=file, made=count, tried=len(pairs), equivalent=len(excused), alive=tuple(alive)))
    return found


def is_known(mutant: Mutant, file: str, known: Sequence[Equivalent]) -> bool:
    """Whether the reviewed list has it."""
    return any(_is(each, mutant, file) for each in known)


def stale(
    tried: Sequence[tuple[Mutant, Result]], mutants: Sequence[tuple[str, Mutant]], known: Sequence[Equivalent]
) -> list[str]:
    """What the reviewed list says of mutants that are no more, or that a test kills all the same."""
    found = []
    files = {file for file, _ in mutants}
    for each in known:
        if each.file not in files:
            continue
        if not any(_is(each, mutant, file) for file, mutant in mutants):
            found.append(f"{each.file}: {each.where}: no such mutant any more: {each.before} -> {each.after}")
        for mutant, result in tried:
            if result.killed_by is not None and _is(each, mutant, result.file):
                found.append(f"{each.file}: {each.where}: {result.killed_by} kills it: {each.before} -> {each.after}")
    return found


def markdown(found: Sequence[Score]) -> str:
    """The table of docs/developers.md."""
    lines = ["| file | mutants | tried | equivalent | alive | killed |", "|---|--:|--:|--:|--:|--:|"]
    total = Score(
        file="**all**",
        made=sum(each.made for each in found),
        tried=sum(each.tried for each in found),
        equivalent=sum(each.equivalent for each in found),
        alive=tuple(result for each in found for result in each.alive),
    )
    for each in (*found, total):
        name = each.file if each is total else f"`{each.file}`"
        killed = "not tried" if each.per_cent is None else f"{each.per_cent:.1f} %"
        lines.append(f"| {name} | {each.made} | {each.tried} | {each.equivalent} | {len(each.alive)} | {killed} |")
    return "\n".join(lines)


def _is(each: Equivalent, mutant: Mutant, file: str) -> bool:
    return (each.file, each.where, each.before, each.after, each.ordinal) == (
        file,
        mutant.where,
        mutant.before,
        mutant.after,
        mutant.ordinal,
    )
