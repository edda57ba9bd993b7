"""What the workers' test serves, in processes of its own: says which process answers, at once or after a while."""

import os
import socket
import sys
import time
from collections.abc import Iterable
from functools import partial
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from pki_revocation.host.processes import end_with_parent
from pki_revocation.http_server import worker
from pki_revocation.http_server.application import Application
from pki_revocation.http_server.limits import Limits
from pki_revocation.http_server.workers import Workers, bind

if TYPE_CHECKING:
    from wsgiref.types import StartResponse


def _application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    time.sleep(float(environ["QUERY_STRING"] or 0))
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]


def work(parent: int, listening: socket.socket, pipe: Connection) -> None:
    """One worker."""
    end_with_parent(parent)
    worker.serve(Application(wsgi=_application), listening, pipe, limits=Limits(), threads=4)


def main(port: int, count: int) -> None:
    """Serve with so many, and say who has died."""
    listening = bind("127.0.0.1", port, "sleeper")
    died = partial(print, "died", flush=True)
    Workers(count, partial(work, os.getpid()), listening, died=died).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
