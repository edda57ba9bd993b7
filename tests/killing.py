"""A child of the test's own process, killed at a failpoint in the middle of what it does."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from pki_revocation.host.failpoints import VARIABLE


def killed_at(failpoint: str, failpoints: Path, act: Callable[[], object]) -> int:
    """Run *act* in a fork of this process that ends itself with SIGKILL when it comes to the place; gives its id.

    Args:
        failpoint: the place.
        failpoints: a folder for it, which is made.
        act: what is done.

    Raises:
        AssertionError: when it did not come there.
    """
    failpoints.mkdir(exist_ok=True)
    (failpoints / failpoint).touch()
    child = os.fork()
    if child == 0:
        try:
            os.environ[VARIABLE] = str(failpoints)
            act()
        finally:
            # Nothing of pytest's own is ended twice.
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), failpoint
    assert os.WTERMSIG(status) == signal.SIGKILL
    return child
