"""A supervisor of stand-ins, as a process: each notes its process, starts a child of its own, and sleeps or fails.

Arguments: the folder for the notes, and the services' names. One called `refused-…` ends at once, with a sentence,
until a file `allowed` lies in the folder; one called `broken-…` ends with an error that nothing expected. Pauses are
short, as constructor arguments.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

from pki_revocation.errors import ConfigurationError
from pki_revocation.host.logs import log_to_stderr
from pki_revocation.runtime.supervisor import Pauses, Supervisor


def _serve(folder: Path, name: str) -> None:
    with (folder / name).open("a") as notes:
        notes.write(f"{time.monotonic()} {os.getpid()}")
        if name.startswith("refused") and not (folder / "allowed").exists():
            notes.write("\n")
            raise ConfigurationError(f"{name} cannot listen on 127.0.0.1:80: Permission denied.")
        if name.startswith("broken"):
            notes.write("\n")
            raise ZeroDivisionError
        child = subprocess.Popen(["sleep", "600"])
        notes.write(f" {child.pid}\n")
    while True:
        time.sleep(600)


def main(folder: Path, *names: str) -> None:
    """Supervise until a signal comes."""
    log_to_stderr()
    if "thread" in names:
        threading.Thread(target=time.sleep, args=(600,), name="somebody's", daemon=True).start()
    pauses = Pauses(first=0.05, longest=0.4, lived_well=1.0)
    supervisor = Supervisor({name: partial(_serve, folder, name) for name in names}, directory=folder, pauses=pauses)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.request_stop())
    supervisor.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
