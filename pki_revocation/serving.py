"""How a WSGI application is served: granian's workers for the public, and the operations port beside them.

The parent process binds the ports and watches the workers; each worker is a fresh interpreter that makes the
application for itself, so that no database connection and no thread crosses a fork.
"""

import importlib
import logging
import multiprocessing
import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from .errors import ConfigurationError
from .installation import Installation
from .logs import log_to_stderr
from .operations import OperationsServer
from .parent_death import end_with_parent
from .settings import LOOPBACK

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_HEADER_TIMEOUT_MILLISECONDS = 10_000
_BACKLOG = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Where a service listens, with how many worker processes and at most how many threads in each.

    Threads start as they are needed. There must be many: granian gives no time limit for a request's body, so each
    client that stops in the middle of one holds a thread, and none may hold up the others.
    """

    host: str
    port: int
    operations_port: int
    workers: int = 1
    threads: int = 600


def serve_wsgi(
    *, name: str, factory: str, installation: Installation, listener: Listener, ready: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT, and end cleanly.

    Args:
        name: the service's name in logs.
        factory: `package.module:function`, called in each worker with the installation; gives the WSGI application.
        installation: passed to the factory.
        listener: where.
        ready: raises a PkiError while the service cannot work; the answer of /readyz.

    Raises:
        ConfigurationError: when a port is taken.
    """
    refuse_taken_port(listener.host, listener.port, name)
    metrics = Path(tempfile.mkdtemp(prefix=f"pki-revocation-{name}-"))
    os.environ[_METRICS_VARIABLE] = str(metrics)
    try:
        operations = open_operations(LOOPBACK, listener.operations_port, name, ready)
        # Many threads are meant: see Listener. The server's advice about them has no place in an operator's log.
        logging.getLogger("_granian").addFilter(lambda record: "Python threads" not in record.getMessage())
        # A forked worker would share this process's threads' locks; a spawned one starts clean.
        multiprocessing.set_start_method("spawn", force=True)
        server = Granian(
            factory,
            address=listener.host,
            port=listener.port,
            interface=Interfaces.WSGI,
            workers=listener.workers,
            blocking_threads=listener.threads,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=_HEADER_TIMEOUT_MILLISECONDS),
            backlog=_BACKLOG,
            websockets=False,
            log_level=LogLevels.warning,
            respawn_failed_workers=True,
            workers_kill_timeout=10,
        )
        loader = partial(_application, factory, installation.directory, installation.config, os.getpid())
        server.serve(target_loader=loader, wrap_loader=False)
        operations.stop()
    finally:
        shutil.rmtree(metrics, ignore_errors=True)


def open_operations(host: str, port: int, name: str, ready: Callable[[], None]) -> OperationsServer:
    """Start answering /healthz, /readyz and /metrics.

    Raises:
        ConfigurationError: when the port is taken.
    """
    try:
        operations = OperationsServer(host, port, ready)
    except OSError as error:
        raise ConfigurationError(
            f"The operations port {port} of {name} is taken: {error.strerror or error}."
        ) from error
    operations.start()
    return operations


def refuse_taken_port(host: str, port: int, name: str) -> None:
    """Find out before anything is started that somebody else listens there.

    Raises:
        ConfigurationError: naming the port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(f"{name} cannot listen on {host}:{port}: {error.strerror or error}.") from error


def _application(factory: str, directory: Path, config: Path, parent: int) -> "WSGIApplication":
    """In the worker: make the application, and end when the parent does."""
    end_with_parent(parent)
    log_to_stderr()
    module, _, function = factory.partition(":")
    make: Callable[[Installation], Any] = getattr(importlib.import_module(module), function)
    application: WSGIApplication = make(Installation.open(directory, config))
    return application
