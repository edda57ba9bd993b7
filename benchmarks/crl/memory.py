"""What a CRL of a million entries needs of memory beyond the publisher before it, gate included: the peak."""

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row, middle

from .subject import MILLION, trials

ROW = Row(name="memory", title="peak memory over the base process at 1,000,000 entries", unit="MiB", must=300, aim=100)


def measure(campaign: Campaign) -> list[Cell]:
    """The median of the rounds."""
    found = trials(campaign, MILLION, campaign.rounds)
    rounds = tuple(costs.peak_mib for costs in found)
    beside: dict[str, float | int | str] = {
        "base MiB": middle([costs.base_mib for costs in found]),
        "CRL MiB": found[0].size / 2**20,
    }
    return [Figure(row=ROW, who="pki-revocation", value=middle(list(rounds)), rounds=rounds, beside=beside)]


if __name__ == "__main__":
    command({ROW.name: measure}, "crl figures")()
