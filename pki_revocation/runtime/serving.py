"""How a service is served: what faces the public, and the operations port beside it.

One worker is the service's own process. More are processes of their own under a parent that binds the port and watches
their heartbeats: it makes no application and opens no database, so it costs little and nothing in it can fail.
"""

import importlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import LOOPBACK
from pki_revocation.host.installed import PROGRAM, program_version
from pki_revocation.host.temporary_folders import remove_abandoned_folders, temporary_folder
from pki_revocation.http_server.limits import Limits
from pki_revocation.http_server.listening import bind

from .operations import METRICS_VARIABLE, open_operations

if TYPE_CHECKING:
    import socket

    from pki_revocation.http_server.application import Application


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Where a service listens, with how many worker processes, and threads in each for what may take its time."""

    host: str
    port: int
    operations_port: int
    workers: int = 1
    threads: int = 32
    limits: Limits = field(default_factory=Limits)


def serve_http(*, name: str, factory: str, installation: Installation, listener: Listener) -> None:
    """Serve until SIGTERM or SIGINT, and end cleanly.

    Args:
        name: the service's name in logs.
        factory: `package.module:function`, called in each worker with the installation; gives the `Application`, and
            refuses with a PkiError what would keep it from serving. Its `ready` is the answer of /readyz.
        installation: passed to the factory.
        listener: where.

    Raises:
        ConfigurationError: when a port is taken.
        PkiError: what the factory refuses with.
    """
    remove_abandoned_folders()
    with bind(listener.host, listener.port, name) as listening:
        if listener.workers == 1:
            _serve_here(name, factory, installation, listener, listening)
        else:
            _serve_with_workers(name, factory, installation, listener, listening)


def make_application(factory: str, installation: Installation) -> "Application":
    """The application that a factory makes of the installation.

    Raises:
        PkiError: as it says.
    """
    module, _, function = factory.partition(":")
    make: Callable[[Installation], Application] = getattr(importlib.import_module(module), function)
    return make(installation)


def _say(name: str, listener: Listener) -> None:
    host = f"[{listener.host}]" if ":" in listener.host else listener.host
    _log.info(
        "%s listening on %s:%s with %s, operations on %s:%s: %s %s",
        name,
        host,
        listener.port,
        "1 worker" if listener.workers == 1 else f"{listener.workers} workers",
        LOOPBACK,
        listener.operations_port,
        PROGRAM,
        program_version(),
    )


def _serve_here(
    name: str, factory: str, installation: Installation, listener: Listener, listening: "socket.socket"
) -> None:
    # Imported where something is served: a parent of workers needs no event loop.
    from pki_revocation.http_server import worker  # noqa: PLC0415
    from pki_revocation.http_server.heartbeat import HeartbeatMonitor  # noqa: PLC0415
    from pki_revocation.http_server.workers import NotServing  # noqa: PLC0415

    application = make_application(factory, installation)
    pulse = HeartbeatMonitor()

    def ready() -> None:
        # The loop is asked, not only this thread: a loop that hangs answers no client.
        if not pulse.serves:
            raise NotServing("The service is starting, or hangs; the log says why.")
        if pulse.trouble is not None:
            raise NotServing(pulse.trouble)
        if application.ready is not None:
            application.ready()

    operations = open_operations(LOOPBACK, listener.operations_port, name, ready)
    _say(name, listener)
    worker.serve(application, listening, pulse.hear, limits=listener.limits, threads=listener.threads)
    operations.stop()


def _serve_with_workers(
    name: str, factory: str, installation: Installation, listener: Listener, listening: "socket.socket"
) -> None:
    from pki_revocation.http_server.workers import Workers  # noqa: PLC0415

    with temporary_folder(name) as figures:
        os.environ[METRICS_VARIABLE] = str(figures)
        try:
            launch = partial(_launch, factory, installation, listener, listening)
            workers = Workers(listener.workers, launch, died=_forget_metrics)
            operations = open_operations(LOOPBACK, listener.operations_port, name, workers.check)
            _say(name, listener)
            try:
                workers.run()
            finally:
                operations.stop()
        finally:
            del os.environ[METRICS_VARIABLE]


def _launch(
    factory: str, installation: Installation, listener: Listener, listening: "socket.socket", pipe: int
) -> "subprocess.Popen[bytes]":
    order = {
        "factory": factory,
        "directory": str(installation.directory),
        "config": str(installation.config),
        "listening": listening.fileno(),
        "pipe": pipe,
        "parent": os.getpid(),
        "threads": listener.threads,
        "limits": asdict(listener.limits),
    }
    return subprocess.Popen(  # noqa: S603 - our own program, with arguments of our own
        [sys.executable, "-m", "pki_revocation.runtime.worker_process", json.dumps(order)],
        pass_fds=(listening.fileno(), pipe),
        stdin=subprocess.DEVNULL,
    )


def _forget_metrics(pid: int) -> None:
    """A dead worker's gauges say nothing any more; its counters count on."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - decides at import where figures are

    mark_process_dead(pid)  # type: ignore[no-untyped-call] # the library leaves it untyped
