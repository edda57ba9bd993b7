"""Servers that outlets write to, as processes or threads on loopback, which a test can break for a while."""

import contextlib
import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from crl_publisher.outlets.credentials import OutletCredentials
from crl_publisher.outlets.http_put import HttpPutOutlet
from crl_publisher.outlets.s3 import S3Outlet
from crl_publisher.outlets.settings import OutletKind, OutletSettings
from tests.waiting import wait_until

BUCKET = "crls"
KEYS = OutletCredentials(access_key_id="test-access-key", secret_access_key="test-secret-key")
_TIMEOUT_SECONDS = 30

# One request at a time, so that a condition is decided in one step, as a real store does. A file breaks it.
_STORE = """
import sys
from pathlib import Path
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple

class Silent(WSGIRequestHandler):
    def log(self, *args):
        pass

application = DomainDispatcherApplication(create_backend_app)
broken = Path(sys.argv[2])

def breakable(environ, start_response):
    if broken.exists():
        start_response("500 Internal Server Error", [("Content-Type", "application/xml")])
        return [b"<Error><Code>InternalError</Code></Error>"]
    return application(environ, start_response)

run_simple("127.0.0.1", int(sys.argv[1]), breakable, threaded=False, request_handler=Silent)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStore:
    """An S3-compatible store with one bucket; while *broken* is there, it answers 500."""

    url: str
    broken: Path

    def client(self) -> Any:  # noqa: ANN401 - boto3 makes its types at run time
        """Another client than ours."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=KEYS.access_key_id,
            aws_secret_access_key=KEYS.secret_access_key,
            region_name="us-east-1",
        )

    def outlet(self, *, bucket: str = BUCKET, prefix: str | None = None) -> S3Outlet:
        """Our outlet on it."""
        settings = OutletSettings(
            kind=OutletKind.S3,
            bucket=bucket,
            prefix=prefix,
            region="us-east-1",
            url=self.url,
            timeout=timedelta(seconds=10),
        )
        return S3Outlet.configured("store", settings, KEYS, max_age=lambda: timedelta(seconds=5))


@contextlib.contextmanager
def object_store(folder: Path, port: int) -> Iterator[ObjectStore]:
    """Moto's server as a process of its own."""
    store = ObjectStore(url=f"http://127.0.0.1:{port}", broken=folder / "broken")
    process = subprocess.Popen(
        [sys.executable, "-c", _STORE, str(port), str(store.broken)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:

        def takes_a_bucket() -> bool:
            with contextlib.suppress(BotoCoreError, ClientError):
                store.client().create_bucket(Bucket=BUCKET)
                return True
            return False

        wait_until(takes_a_bucket, _TIMEOUT_SECONDS, "the store's start")
        yield store
    finally:
        process.terminate()
        process.wait()


@dataclass(slots=True)
class PutServer:
    """A server that takes PUT; what it does is set between requests."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    has_etags: bool = True
    keeps_conditions: bool = True
    authorization: str | None = None
    status: int | None = None
    drip_seconds: float = 0.0
    puts: int = 0

    def outlet(self, credentials: OutletCredentials | None = None, *, seconds: float = 10) -> HttpPutOutlet:
        """Our outlet on it."""
        return HttpPutOutlet(f"{self.url}/files", credentials=credentials or OutletCredentials(), seconds=seconds)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: PutServer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Give the file."""
        if self._is_refused():
            return
        with self.served.lock:
            data = self.served.files.get(self.path)
        if data is None:
            self._answer(404, b"not here")
        else:
            self._answer(200, data, {"ETag": _etag(data)} if self.served.has_etags else {})

    do_HEAD = do_GET  # noqa: N815 - the standard library's name

    def do_PUT(self) -> None:
        """Keep the file, on its condition."""
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self._is_refused():
            return
        with self.served.lock:
            held = self.served.files.get(self.path)
            fits = held is None if self.headers["If-None-Match"] == "*" else True
            if wanted := self.headers["If-Match"]:
                fits = held is not None and wanted == _etag(held)
            if self.served.keeps_conditions and not fits:
                self._answer(412, b"")
                return
            self.served.files[self.path] = data
            self.served.types[self.path] = self.headers["Content-Type"]
            self.served.puts += 1
        self._answer(204 if held is not None else 201, b"")

    def _is_refused(self) -> bool:
        if self.served.status is not None:
            self._answer(self.served.status, b"")
            return True
        if self.served.authorization is not None and self.headers["Authorization"] != self.served.authorization:
            self._answer(401, b"")
            return True
        return False

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        for octet in body if self.served.drip_seconds else b"":
            try:
                self.wfile.write(bytes((octet,)))
            except OSError:
                return
            time.sleep(self.served.drip_seconds)
        if not self.served.drip_seconds:
            self.wfile.write(body)


@contextlib.contextmanager
def put_server() -> Iterator[PutServer]:
    """It, on a port of its own."""
    served = PutServer()
    handler = type("Handler", (_Handler,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
