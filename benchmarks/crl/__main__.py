"""All rows of the publisher's table: `python -m benchmarks.crl`, or `make bench-crl`."""

from benchmarks.campaign import command

from . import build, fetches, flood, growth, latency, memory, publish

ROWS = (build, publish, memory, latency, growth, fetches)

if __name__ == "__main__":
    command({row.ROW.name: row.measure for row in ROWS} | {flood.LAG.name: flood.measure}, "crl figures")()
