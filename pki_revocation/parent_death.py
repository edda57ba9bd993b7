"""No process is left behind: a child asks the kernel to end it when its parent is gone (Linux, prctl(2))."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int | None = None) -> None:
    """Be sent SIGTERM when the parent process ends, however it ends; elsewhere than on Linux this does nothing.

    Args:
        parent: who the parent should be; when it is another one already, it died before we asked, and so do we.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
