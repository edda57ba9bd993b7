"""Named places where a test may kill this process, as a power cut would.

Nothing happens unless the environment names a folder in PKI_REVOCATION_FAILPOINTS and a file with the place's name
lies in it: the file is taken away, and the process ends itself with SIGKILL.
"""

import os
import signal
from pathlib import Path

VARIABLE = "PKI_REVOCATION_FAILPOINTS"


def reach(place: str) -> None:
    """Pass this place, or end here when a test asked for it."""
    folder = os.environ.get(VARIABLE)
    if folder is None:
        return
    try:
        (Path(folder) / place).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
