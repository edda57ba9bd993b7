"""A figure that was measured, a row that it belongs to, and a place that could not be filled, with why."""

from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is measured, in which unit, and how much of it is promised. *least*: more is better, as with ratios."""

    name: str
    title: str
    unit: str
    must: float
    aim: float
    least: bool = False

    def verdict(self, value: float) -> str:
        """Whether a value keeps the promise."""
        if self._keeps(value, self.aim):
            return "aim"
        return "must" if self._keeps(value, self.must) else "missed"

    def _keeps(self, value: float, bound: float) -> bool:
        return value >= bound if self.least else value <= bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One cell: the value of a row for *who* was measured, the median of *rounds*; *beside* is what explains it."""

    row: Row
    who: str
    value: float
    rounds: tuple[float, ...] = ()
    beside: dict[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasured:
    """A cell without a value."""

    row: Row
    who: str
    why: str


Cell = Figure | NotMeasured


def middle(values: list[float]) -> float:
    """The median, which one disturbed round does not move."""
    return float(median(values))
