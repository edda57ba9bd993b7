"""The demo's services: `serve all` as a process beside the demo's own, which has imported what no service may have."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Self

from pki_revocation.errors import PkiError
from pki_revocation.host.processes import PARENT_VARIABLE

# Somewhat more than the services themselves are given to end.
_STOP_SECONDS = 25.0


class ServicesEnded(PkiError):
    """The services ended without being asked to."""


class DemoServices:
    """All services of the demo, as one process to start and to end."""

    def __init__(self, directory: Path, *, workers: int | None, log: Path) -> None:
        """Serve the installation in *directory*, with *workers* for page and OCSP each; their output goes to *log*."""
        self._command = [sys.executable, "-m", "pki_revocation", "serve", "all", "--directory", str(directory)]
        if workers is not None:
            self._command += ["--workers", str(workers)]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start them; they end with this process, however it ends."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program, with arguments of our own
                self._command,
                env=os.environ | {PARENT_VARIABLE: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Not the terminal's group: Ctrl-C reaches the demo, which ends them in order.
                process_group=0,
            )
        return self

    def check(self) -> None:
        """Do nothing while the services run.

        Raises:
            ServicesEnded: when they do not.
        """
        if self._process is not None and self._process.poll() is not None:
            raise ServicesEnded(f"The services ended with status {self._process.returncode}: see {self._log}.")

    def stop(self) -> None:
        """End the services: asked first, and killed when they have not ended after a while."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        self._process = None
