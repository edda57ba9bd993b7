"""Runs the program again and again without its start-up: each run is forked from a process that has imported it.

A run is a process of its own in all that matters to what it leaves behind: it has its own memory, opens its own files
and connections, and can be killed. Nothing may start a thread before the fork.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn


def serve() -> None:
    """Answer JSON lines until the input ends: a run with its process's id, and an id with its exit status at its end.

    The status is negative for a signal.
    """
    for module in ("pki_revocation.arrivals.serve", "pki_revocation.cli.certificates"):
        importlib.import_module(module)
    from pki_revocation.cli.program import main  # noqa: PLC0415

    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _, status = os.waitpid(asked["wait"], 0)
            answer = {"status": os.waitstatus_to_exitcode(status)}
        else:
            # Threads of this process would be missing in what is forked from it.
            threads = len(list(Path("/proc/self/task").iterdir()))
            child = os.fork()
            if child == 0:
                _become(asked, main)
            answer = {"process": child, "threads": threads}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _become(run: dict[str, Any], main: Callable[[], None]) -> NoReturn:
    """Be the program with these arguments, variables, and files for output and errors, to its end."""
    sys.argv = ["pki-revocation", *run["arguments"]]
    os.environ.update(run["environment"])
    _redirect(Path(run["output"]), Path(run["errors"]))
    status = 1
    try:
        main()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _redirect(output: Path, errors: Path) -> None:
    """Input, output and errors are the run's own."""
    for number, path, flags in (
        (0, Path(os.devnull), os.O_RDONLY),
        (1, output, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        (2, errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
    ):
        descriptor = os.open(path, flags, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)


if __name__ == "__main__":
    serve()
