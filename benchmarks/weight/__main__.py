"""All rows of the table of weights: `python -m benchmarks.weight`, or `make bench-weight`."""

from benchmarks.campaign import command

from . import help_pages, installed, services

ROWS = {"services": services.measure, "help": help_pages.measure, "installed": installed.measure}

if __name__ == "__main__":
    command(ROWS, "weight figures")()
