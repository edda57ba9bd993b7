"""Named places where a test may kill or stop this process, as a power cut or a pause would.

Nothing happens unless the environment names a folder in PKI_REVOCATION_FAILPOINTS and a file with the place's name
is in it: the file is removed, and the process sends itself SIGKILL, or SIGSTOP where the file says `stop`.
"""

import os
import signal
from pathlib import Path

VARIABLE = "PKI_REVOCATION_FAILPOINTS"


def reach(place: str) -> None:
    """Do nothing, or kill or stop this process at *place* when a test asked for it."""
    folder = os.environ.get(VARIABLE)
    if folder is None:
        return
    file = Path(folder) / place
    try:
        is_stop = file.read_text() == "stop"
        file.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGSTOP if is_stop else signal.SIGKILL)
