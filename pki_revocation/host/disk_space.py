"""Whether a disk is full: said before something that must be written cannot be."""

import os
from collections.abc import Iterable
from pathlib import Path

# A CRL, a log of a database or an answer needs more than this.
_LEAST_OCTETS = 1 << 20


def full_disks(folders: Iterable[Path]) -> tuple[str, ...]:
    """A sentence for each folder whose file system has no room; one that cannot be asked is left to its writer."""
    found = []
    for folder in dict.fromkeys(folders):
        try:
            state = os.statvfs(folder)
        except OSError:
            continue
        left = state.f_bavail * state.f_frsize
        # A file system without blocks counts none.
        if state.f_blocks and left < min(_LEAST_OCTETS, state.f_blocks * state.f_frsize // 16):
            found.append(f"The disk of {folder} is full, {left >> 10} KiB are left: make room.")
    return tuple(found)
