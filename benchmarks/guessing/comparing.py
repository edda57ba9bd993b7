"""Whether two samples of times differ: tests that a few disturbed requests do not move.

Mann and Whitney's U looks at ranks alone. Welch's t looks at means, of the samples cropped at percentiles of both
together, because the slow tail is other programs' doing and hides what is looked for; the crop with the largest |t|
counts, and its probability is multiplied by the number of crops (Bonferroni).
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CROPS = (1.0, 0.95, 0.9, 0.75, 0.5)
# Below this, two samples are said to differ.
SIGNIFICANCE = 0.001
_LEAST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two-sided probabilities that samples of one distribution differ so much; medians' *shift*, second less first."""

    rank_probability: float
    cropped_probability: float
    shift: float

    @property
    def differs(self) -> bool:
        """Whether either test says so."""
        return min(self.rank_probability, self.cropped_probability) < SIGNIFICANCE


def compare(first: Sequence[float], second: Sequence[float]) -> Comparison:
    """Both tests: the probabilities that samples of one distribution differ so much; *shift* is in their unit."""
    return Comparison(
        rank_probability=mann_whitney(first, second),
        cropped_probability=min(1.0, len(CROPS) * min(_cropped(first, second, crop) for crop in CROPS)),
        shift=statistics.median(second) - statistics.median(first),
    )


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """By the normal approximation with ties corrected for: right from some twenty of each on."""
    joined = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    count, ranks, ties, place = len(joined), 0.0, 0, 0
    while place < count:
        end = place
        while end < count and joined[end][0] == joined[place][0]:
            end += 1
        tied = end - place
        ties += tied**3 - tied
        ranks += (place + end + 1) / 2 * sum(joined[each][1] == 0 for each in range(place, end))
        place = end
    sizes = len(first) * len(second)
    u = ranks - len(first) * (len(first) + 1) / 2
    variance = sizes / 12 * (count + 1 - ties / (count * (count - 1)))
    return 1.0 if variance == 0 else _two_sided((u - sizes / 2) / math.sqrt(variance))


def _cropped(first: Sequence[float], second: Sequence[float], kept: float) -> float:
    joined = sorted([*first, *second])
    edge = joined[max(0, math.ceil(kept * len(joined)) - 1)]
    left = [[value for value in sample if value <= edge] for sample in (first, second)]
    if min(map(len, left)) < _LEAST:
        return 1.0
    error = math.sqrt(sum(statistics.variance(sample) / len(sample) for sample in left))
    return 1.0 if error == 0 else _two_sided((statistics.fmean(left[0]) - statistics.fmean(left[1])) / error)


def _two_sided(deviations: float) -> float:
    """Of a normal distribution: samples are a thousand each."""
    return math.erfc(abs(deviations) / math.sqrt(2))
