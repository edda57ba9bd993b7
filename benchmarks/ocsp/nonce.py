"""Requests per second, nonce, signed live, as a ratio to nginx in the same run."""

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Row
from ocsp_responder.bench.questions import NONCE

from .throughput import measure as measure_throughput

ROW = Row(name="nonce", title="nonce, signed live, ratio to nginx", unit="", must=0.18, aim=0.3, least=True)


def measure(campaign: Campaign) -> list[Cell]:
    """nginx, this responder and others in turn."""
    return measure_throughput(ROW, NONCE, campaign)


if __name__ == "__main__":
    command({ROW.name: measure}, "figures")()
