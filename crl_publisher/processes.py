"""Whether a process of this machine still lives: what it left half done is taken over at once when it does not."""

import os


def lives(process: int) -> bool:
    """Whether there is a process with this id; one of another account counts too."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
