"""What the workers' test serves, in processes of its own: says which process answers, at once or after a while."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pki_revocation.errors import PkiError
from pki_revocation.host.processes import end_with_parent
from pki_revocation.http_server import worker
from pki_revocation.http_server.application import Application
from pki_revocation.http_server.heartbeat import Pipe
from pki_revocation.http_server.limits import Limits
from pki_revocation.http_server.listening import bind
from pki_revocation.http_server.workers import Workers

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

# What keeps workers from starting, while the environment says so.
BROKEN_VARIABLE = "SLEEPER_BROKEN"
# A file that is made when a request begins to wait.
BEGUN_VARIABLE = "SLEEPER_BEGUN"


def _application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    if environ["QUERY_STRING"]:
        Path(os.environ[BEGUN_VARIABLE]).touch()
        time.sleep(float(environ["QUERY_STRING"]))
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]


def work(parent: int, listening: int, pipe: int) -> None:
    """One worker."""
    end_with_parent(parent)
    told = Pipe(pipe)
    if BROKEN_VARIABLE in os.environ:
        told.cannot_start(os.environ[BROKEN_VARIABLE])
        sys.exit(1)
    with socket.socket(fileno=listening) as held:
        worker.serve(Application(wsgi=_application), held, told.beat, limits=Limits(), threads=4)


def main(port: int, count: int) -> None:
    """Serve with so many, and say who has died."""
    with bind("127.0.0.1", port, "sleeper") as listening:

        def launch(pipe: int) -> "subprocess.Popen[bytes]":
            order = [str(each) for each in (os.getpid(), listening.fileno(), pipe)]
            command = [sys.executable, "-m", "tests.pki_revocation.http_server.sleeper", "work", *order]
            return subprocess.Popen(command, pass_fds=(listening.fileno(), pipe))

        try:
            Workers(count, launch, died=partial(print, "died", flush=True)).run()
        except PkiError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work(*map(int, sys.argv[2:]))
    else:
        main(int(sys.argv[1]), int(sys.argv[2]))
