"""Requests per second, cached POST, as a ratio to nginx in the same run."""

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Row
from ocsp_responder.bench.questions import CACHED_POST

from .throughput import measure as measure_throughput

ROW = Row(name="cached_post", title="cached POST, ratio to nginx", unit="", must=0.45, aim=0.8, least=True)


def measure(campaign: Campaign) -> list[Cell]:
    """nginx, this responder and others in turn."""
    return measure_throughput(ROW, CACHED_POST, campaign)


if __name__ == "__main__":
    command({ROW.name: measure}, "figures")()
