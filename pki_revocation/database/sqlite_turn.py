"""Writers of one SQLite file take turns, so that one with much to write does not keep the others out.

SQLite gives its write lock to the connection that asks first after it is free, and one that waits asks ten times a
second: a writer that begins its next transaction as soon as the last one has ended, as an import does, always comes
first, and a subscriber who revokes waits for the end of the import. So each writer holds the turn while it waits for
the write lock, and lets it go when it has it: the one that has just written finds the turn taken, and waits behind.

The turn is a lock on one octet far behind the end of the fence's file, which the kernel lets go of when its holder
dies. It is politeness and no condition: where it cannot be had, because a holder was stopped or the file cannot be
opened, the writer goes on without it, and SQLite's own lock keeps them apart as ever.
"""

import contextlib
import fcntl
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from .commit_fence import opened

# No date of the fence lies there (`commit_fence`), and a lock needs no octet to be there.
_PLACE = 1 << 40
# struct flock of Linux on 64 bits: type, whence, start, length, and a process, which must be 0 for a lock of an open
# file (F_OFD_SETLK), so that threads of one process keep each other out as well.
_FLOCK = struct.Struct("hhqqi4x")
_PAUSE = 0.002
# Longer than a batch of an import holds the write lock; a holder that was stopped delays each writer by no more.
PATIENCE_SECONDS = 3.0


@contextlib.contextmanager
def turn(path: Path, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold the turn, or go on without it after *patience* seconds.

    Args:
        path: the fence's file, beside the database.
        patience: seconds.
    """
    try:
        descriptor = opened(path)
    except OSError:
        # A folder that cannot be written: the database itself will say so in its own words.
        yield
        return
    try:
        _wait(descriptor, patience)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, patience: float) -> None:
    alone = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _PLACE, 1, 0)
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, alone)
        except BlockingIOError:
            time.sleep(_PAUSE)
        except OSError:
            return  # a file system without such locks
        else:
            return
