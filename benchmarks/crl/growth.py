"""How the cost grows from 100,000 to 10,000,000 entries: the ratio of times over the ratio of sizes.

Of the publication of a CRL that follows another one; building alone stands beside it.
"""

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row, middle

from .subject import trials

ROW = Row(
    name="growth", title="cost growth 100,000 → 10,000,000 entries, time ratio / size ratio", unit="", must=1.2, aim=1
)
_SMALL, _LARGE = 100_000, 10_000_000
_ROUNDS_OF_THE_LARGE = 3


def measure(campaign: Campaign) -> list[Cell]:
    """The medians of the rounds."""
    small = trials(campaign, _SMALL, campaign.rounds)
    large = trials(campaign, _LARGE, min(campaign.rounds, _ROUNDS_OF_THE_LARGE))
    sizes = _LARGE / _SMALL

    def growth(of: str) -> float:
        times = [middle([getattr(costs, of).wall for costs in found]) for found in (large, small)]
        return times[0] / times[1] / sizes

    beside: dict[str, float | int | str] = {
        "building alone": growth("build"),
        "first CRL": growth("first"),
        "10,000,000 published s": middle([costs.next.wall for costs in large]),
        "peak MiB": middle([costs.peak_mib for costs in large]),
    }
    return [Figure(row=ROW, who="pki-revocation", value=growth("next"), beside=beside)]


if __name__ == "__main__":
    command({ROW.name: measure}, "crl figures")()
