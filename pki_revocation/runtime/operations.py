"""`/healthz`, `/readyz` and `/metrics`, on a port of their own in every service: operations, never the public's."""

import contextlib
import logging
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from pki_revocation.errors import ConfigurationError, PkiError
from pki_revocation.host.installed import program_version

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from prometheus_client.metrics_core import Metric

_log = logging.getLogger(__name__)
# Names the folder in which the workers of one service put their figures together; the library's own.
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_METHODS = ("GET", "HEAD")
# Any other version in Accept makes the library's comparison of versions fail.
_VERSIONED = re.compile(r"version\s*=(?!\s*[0-9]{1,3}(?:\.[0-9]{1,3}){0,3}\s*(?:[,;]|$))", re.IGNORECASE)
_SERVER_ERRORS = 500


class _Server(ThreadingMixIn, WSGIServer):
    """An HTTP server with a thread for each request, none of which holds up the end of the process."""

    daemon_threads = True
    address_family = WSGIServer.address_family


class _Handler(WSGIRequestHandler):
    """Probes come every few seconds: they are not logged, and none may hold its thread for long."""

    timeout = 10

    def parse_request(self) -> bool:
        """Refuse HTTP/0.9 too, which has no head, and so nothing that could be told from an answer's body."""
        if not super().parse_request():
            return False
        if self.request_version == self.default_request_version:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return False
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - the texts repeat what came in
        """Refuse what is no request: no status from 500 on, on which alarms are set, and nothing of what came in."""
        # The library answers without a head what it could not read a version of.
        self.request_version = self.protocol_version
        super().send_error(code if code < _SERVER_ERRORS else HTTPStatus.BAD_REQUEST)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Log no request: probes come every few seconds."""


class OperationsServer:
    """Serves the three addresses from a thread of this process.

    *ready* raises a `PkiError` that says why the service cannot work now; its sentence is the answer of `/readyz`.
    """

    def __init__(self, host: str, port: int, ready: Callable[[], None]) -> None:
        """Bind at once, so that a taken port is known before anything else is started.

        Raises:
            OSError: when the port is taken.
        """
        self._ready = ready
        self._metrics = _metrics_application()
        self._server = make_server(host, port, self._application, server_class=_Server, handler_class=_Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="operations", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    def start(self) -> None:
        """Answer probes in a thread of its own, from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, and close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _application(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in _METHODS:
            allow = ("Allow", ", ".join(_METHODS))
            return _answer(start_response, "405 Method Not Allowed", "GET and HEAD are served.", allow)
        body = self._answered(environ | {"REQUEST_METHOD": "GET"}, start_response)
        return () if method == "HEAD" else body

    def _answered(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/metrics":
                if _VERSIONED.search(environ.get("HTTP_ACCEPT", "")):
                    del environ["HTTP_ACCEPT"]
                return self._metrics(environ, start_response)
            case "/healthz":
                return _answer(start_response, "200 OK", "ok")
            case "/readyz":
                return self._readiness(start_response)
            case _:
                return _answer(start_response, "404 Not Found", "There are /healthz, /readyz and /metrics here.")

    def _readiness(self, start_response: "StartResponse") -> Iterable[bytes]:
        try:
            self._ready()
        except PkiError as error:
            return _answer(start_response, "503 Service Unavailable", str(error))
        except Exception:  # noqa: BLE001 - a probe must get an answer whatever broke
            _log.exception("the readiness check failed")
            return _answer(start_response, "503 Service Unavailable", "The readiness check failed: see the log.")
        return _answer(start_response, "200 OK", "ready")


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


def _metrics_application() -> "WSGIApplication":
    # Imported here, because the library decides at import how several processes share their figures.
    from prometheus_client import REGISTRY, CollectorRegistry, make_wsgi_app  # noqa: PLC0415
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

    if METRICS_VARIABLE not in os.environ:
        with contextlib.suppress(ValueError):
            # Once in a process, however many servers it has.
            REGISTRY.register(_Build())
        return make_wsgi_app(REGISTRY)
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call] # the library leaves its constructor untyped
    shared.register(_Build())
    return make_wsgi_app(shared)


class _Build:
    """Which program answers: a figure that alerts can be joined with, and that tells which nodes were upgraded."""

    def collect(self) -> "Iterator[Metric]":
        """The one figure."""
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - as the library itself, above

        family = GaugeMetricFamily("pki_revocation_build_info", "1, with the program's version", labels=["version"])
        family.add_metric([program_version()], 1)
        yield family


def _answer(start_response: "StartResponse", status: str, text: str, *more: tuple[str, str]) -> Iterable[bytes]:
    body = f"{text}\n".encode()
    start_response(
        status,
        [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            *more,
        ],
    )
    return [body]
