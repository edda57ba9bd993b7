"""Whether a process of this machine still lives: what it left half done is taken over at once when it does not."""

import os
import socket
from pathlib import Path


def lives(process: int) -> bool:
    """Whether there is a process with this id; one of another account counts too."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def place() -> str:
    """This machine, and on it the space in which process ids mean something."""
    return f"{socket.gethostname()}/{_process_space()}"


def boot() -> str:
    """What tells this machine, since it was last started, from every other one; empty where the system says nothing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _process_space() -> int:
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return 0
