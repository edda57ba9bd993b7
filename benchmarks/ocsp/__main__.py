"""All rows of the responder's table: `python -m benchmarks.ocsp`, or `make bench-ocsp`."""

from benchmarks.campaign import command

from . import cached_get, cached_post, instancy, memory, nonce, slow_clients, start, workers

ROWS = (cached_get, cached_post, nonce, instancy, memory, start, slow_clients, workers)

if __name__ == "__main__":
    command({row.ROW.name: row.measure for row in ROWS}, "figures")()
