"""One of several workers of a service, as a process: `python -m pki_revocation.runtime.worker_process ORDER`.

Started by `serving`, which says in ORDER (JSON) what to serve and which descriptors it has inherited.
"""

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pki_revocation.config.installation import Installation
from pki_revocation.errors import PkiError
from pki_revocation.host.logs import log_to_stderr
from pki_revocation.host.outage_log import in_words
from pki_revocation.host.processes import end_with_parent
from pki_revocation.http_server import worker
from pki_revocation.http_server.heartbeat import Pipe
from pki_revocation.http_server.limits import Limits

from .serving import make_application

_READY_SECONDS = 2.0


def main(order: str) -> None:
    """Make the application and serve it, and end when the parent does."""
    told = json.loads(order)
    end_with_parent(told["parent"])
    log_to_stderr()
    for descriptor in (told["listening"], told["pipe"]):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the standard library's positional
    pipe = Pipe(told["pipe"])
    try:
        application = make_application(
            told["factory"], Installation.open(Path(told["directory"]), Path(told["config"]))
        )
    except PkiError as error:
        # What was right when the service started may not be so when a worker is replaced.
        pipe.cannot_start(str(error))
        sys.exit(1)
    readiness = _Readiness(application.ready)

    def beat(trouble: str) -> None:
        pipe.beat(trouble or readiness.trouble)

    with socket.socket(fileno=told["listening"]) as listening:
        worker.serve(application, listening, beat, limits=Limits(**told["limits"]), threads=told["threads"])


class _Readiness:
    """What keeps the application from its work, as of a moment ago: asking may wait, and the loop must not."""

    def __init__(self, ready: Callable[[], None] | None) -> None:
        self.trouble = ""
        if ready is not None:
            threading.Thread(target=self._ask, args=(ready,), name="readiness", daemon=True).start()

    def _ask(self, ready: Callable[[], None]) -> None:
        while True:
            try:
                ready()
            except Exception as error:  # noqa: BLE001 - the edge of this thread: it says whatever it is
                self.trouble = in_words(error)
            else:
                self.trouble = ""
            time.sleep(_READY_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1])
