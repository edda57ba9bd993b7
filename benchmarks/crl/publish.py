"""From the entries to the public CRL, through the gate: wall seconds for a million entries.

The figure is that of a CRL that follows another one, as all but the first do. The first, whose entries are held against
the journal one by one, stands beside it.
"""

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row, middle

from .subject import MILLION, trials

ROW = Row(name="publish", title="1,000,000 entries through the gate and published", unit="s", must=5, aim=1.5)


def measure(campaign: Campaign) -> list[Cell]:
    """The median of the rounds."""
    found = trials(campaign, MILLION, campaign.rounds)
    rounds = tuple(costs.next.wall for costs in found)
    beside: dict[str, float | int | str] = {
        "CPU s": middle([costs.next.cpu for costs in found]),
        "first CRL s": middle([costs.first.wall for costs in found]),
        "making the entries once s": max(costs.apply.wall for costs in found),
    }
    return [Figure(row=ROW, who="pki-revocation", value=middle(list(rounds)), rounds=rounds, beside=beside)]


if __name__ == "__main__":
    command({ROW.name: measure}, "crl figures")()
