"""Processes of this machine: whether one still lives, and that no child is left behind when its parent ends."""

import ctypes
import os
import signal
import socket
import sys
from pathlib import Path

# Tells a process that was started for another one which that is: it ends with it.
PARENT_VARIABLE = "PKI_REVOCATION_SUPERVISOR"
_PR_SET_PDEATHSIG = 1


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


def end_with_parent(parent: int | None = None) -> None:
    """Ask the kernel for SIGTERM when the parent process ends, however it ends; only Linux has this.

    Args:
        parent: the parent's process id; when it is another one already, it died before we asked, and so do we.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def _process_space() -> int:
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return 0
