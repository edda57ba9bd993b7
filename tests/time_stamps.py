"""A real time-stamp authority for tests: `openssl ts` behind a small HTTP server, with a root of its own."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.receipts import Certified, certified

_CONFIGURATION = """\
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class TimeStampAuthority:
    """Stamps with `openssl ts -reply`; *spoil* changes what it answers, and *is_away* makes it answer 503."""

    def __init__(self, folder: Path, now: datetime, common_name: str = "Test TSA Root") -> None:
        """Make its root, its key and its certificate in *folder*, valid around *now*."""
        folder.mkdir()
        self._folder = folder
        self.root: Certified = certified(common_name, None, now, ca=True)
        signer = certified("Test TSA", self.root, now, usages=[ExtendedKeyUsageOID.TIME_STAMPING])
        (folder / "root.pem").write_bytes(self.root.pem)
        (folder / "tsa.pem").write_bytes(signer.pem)
        (folder / "tsa.key").write_bytes(signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(_CONFIGURATION.format(folder=folder))
        self.is_away = False
        self.spoil: Callable[[bytes], bytes] = bytes
        self.asked = 0
        self.url = ""
        self._turn = threading.Lock()

    @property
    def root_file(self) -> Path:
        """Its root, in PEM."""
        return self._folder / "root.pem"

    def reply(self, query: bytes) -> bytes:
        """The response to a request."""
        with self._turn:
            (self._folder / "query").write_bytes(query)
            command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "reply"]
            subprocess.run(command, cwd=self._folder, check=True, capture_output=True, timeout=60)
            return (self._folder / "reply").read_bytes()


@contextmanager
def serving(authority: TimeStampAuthority) -> Iterator[TimeStampAuthority]:
    """The authority, answering at its `url` until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            authority.asked += 1
            query = self.rfile.read(int(self.headers["Content-Length"]))
            good = self.headers["Content-Type"] == "application/timestamp-query" and not authority.is_away
            body = authority.spoil(authority.reply(query)) if good else b""
            self.send_response(200 if good else 503)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    authority.url = f"http://127.0.0.1:{server.server_port}/tsr"
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
