"""What `ps` and `pgrep -f` show of a process that was forked and runs a command of its own (Linux)."""

import contextlib
import ctypes
import sys
from collections.abc import Sequence
from pathlib import Path

_PR_SET_NAME = 15
# /proc/PID/stat, counted behind the name, which may hold anything (proc(5)): where the arguments begin and end.
_ARGUMENTS_BEGIN, _ARGUMENTS_END = 45, 46


def show_command(name: str, command: Sequence[str]) -> None:
    """Show *command* in place of the arguments that the process was started with, as much as has room; and *name*.

    The room is that of the arguments themselves: what lies behind them is the environment, which libraries read.
    Where it cannot be done, the process shows what its parent was started with.
    """
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, ValueError, IndexError):
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        begin, end = int(fields[_ARGUMENTS_BEGIN]), int(fields[_ARGUMENTS_END])
        if 0 < begin < end:
            room = end - begin - 1
            text = "\0".join(command).encode("utf-8", "surrogateescape")[:room]
            # The last octet stays 0: otherwise the kernel would take what follows for a part of it.
            ctypes.memmove(begin, text.ljust(room, b"\0"), room)
