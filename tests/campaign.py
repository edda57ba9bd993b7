"""How hard property tests try: as written in `make test`, a hundred times harder in `make fuzz`."""

import os

VARIABLE = "FUZZ_FACTOR"


def examples(usual: int) -> int:
    """The number of examples for this run."""
    return usual * int(os.environ.get(VARIABLE, "1"))
