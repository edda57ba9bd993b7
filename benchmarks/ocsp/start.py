"""From the start of the process to the first verified answer, with a million revoked certificates in the register.

The files of the database were read before, as on a machine where only the responder starts anew.
"""

import time

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row, middle

from .installation import Prepared, prepare, say
from .million import million_revoked

ROW = Row(name="start", title="start with 1,000,000 revoked, until the first answer", unit="s", must=5, aim=1)


def measure(campaign: Campaign) -> list[Cell]:
    """Start and end it, with and without the million, in turn."""
    small, large = prepare(campaign.folder / "installation"), million_revoked(campaign.folder / "million")
    with_few, with_million = [], []
    for number in range(campaign.rounds):
        with_few.append(_seconds(small))
        with_million.append(_seconds(large))
        say(f"start {number + 1}: {with_few[-1]:.2f} s, with a million {with_million[-1]:.2f} s")
    beside: dict[str, float | int | str] = {"with 1,000 certificates s": middle(with_few)}
    return [
        Figure(row=ROW, who="pki-revocation", value=middle(with_million), rounds=tuple(with_million), beside=beside)
    ]


def _seconds(subject: Prepared) -> float:
    begun = time.perf_counter()
    with subject.responder():
        return time.perf_counter() - begun


if __name__ == "__main__":
    command({ROW.name: measure}, "figures")()
