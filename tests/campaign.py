"""How hard property tests try: as written in `make test-long`, a tenth in `make test`, a hundredfold in `make fuzz`."""

import os

import pytest

VARIABLE = "FUZZ_FACTOR"
# For tests that take their number of tries from `examples` and are no property tests, which pytest marks by itself.
campaign = pytest.mark.campaign


def examples(usual: int) -> int:
    """The number of examples for this run, and one at least."""
    return max(1, round(usual * float(os.environ.get(VARIABLE, "1"))))
