"""How a service is served: its workers for the public, and the operations port beside them.

The parent process binds the ports and watches the workers; each worker is a fresh interpreter that makes the
application for itself, so that no database connection and no thread crosses a fork.
"""

import importlib
import logging
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import LOOPBACK
from pki_revocation.errors import PkiError
from pki_revocation.host.logs import log_to_stderr
from pki_revocation.host.processes import end_with_parent
from pki_revocation.http_server import worker
from pki_revocation.http_server.application import Application
from pki_revocation.http_server.limits import Limits
from pki_revocation.http_server.workers import Workers, bind

from .operations import open_operations

_log = logging.getLogger(__name__)
_METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Where a service listens, with how many worker processes, and threads in each for what may take its time."""

    host: str
    port: int
    operations_port: int
    workers: int = 1
    threads: int = 32
    limits: Limits = field(default_factory=Limits)


def serve_http(
    *, name: str, factory: str, installation: Installation, listener: Listener, ready: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT, and end cleanly.

    Args:
        name: the service's name in logs.
        factory: `package.module:function`, called in each worker with the installation; gives the `Application`.
        installation: passed to the factory.
        listener: where.
        ready: raises a PkiError while the service cannot work; the answer of /readyz, after the workers' own.

    Raises:
        ConfigurationError: when a port is taken.
    """
    listening = bind(listener.host, listener.port, name)
    metrics = Path(tempfile.mkdtemp(prefix=f"pki-revocation-{name}-"))
    os.environ[_METRICS_VARIABLE] = str(metrics)
    try:
        work = partial(
            _work, factory, installation.directory, installation.config, parent=os.getpid(), listener=listener
        )
        workers = Workers(listener.workers, work, listening, died=_forget_metrics)

        def ready_to_serve() -> None:
            ready()
            workers.check()

        operations = open_operations(LOOPBACK, listener.operations_port, name, ready_to_serve)
        workers.run()
        operations.stop()
    finally:
        listening.close()
        shutil.rmtree(metrics, ignore_errors=True)


def _forget_metrics(pid: int) -> None:
    """A dead worker's gauges say nothing any more; its counters count on."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - decides at import where figures are

    mark_process_dead(pid)  # type: ignore[no-untyped-call] # the library leaves it untyped


def _work(  # noqa: PLR0913 - what a fresh interpreter must be told
    factory: str,
    directory: Path,
    config: Path,
    listening: socket.socket,
    pipe: Connection,
    *,
    parent: int,
    listener: Listener,
) -> None:
    """In the worker: make the application and serve it, and end when the parent does."""
    end_with_parent(parent)
    log_to_stderr()
    module, _, function = factory.partition(":")
    make: Callable[[Installation], Application] = getattr(importlib.import_module(module), function)
    try:
        application = make(Installation.open(directory, config))
    except PkiError as error:
        # What was right when the service started may not be so when a worker is replaced.
        _log.error("a worker cannot start: %s", error)
        sys.exit(1)
    worker.serve(application, listening, pipe, limits=listener.limits, threads=listener.threads)
