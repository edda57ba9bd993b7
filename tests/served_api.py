"""The subscriber's application over HTTP on loopback, in a thread, for what asks it from another program."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.codes import CodeVerifier
from pki_revocation.config.settings import WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.service import RevocationService
from pki_revocation.web.app import create_app


class _QuietHandler(WSGIRequestHandler):
    """Without a line for each request."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@contextmanager
def served_api(database: Database, verifier: CodeVerifier, clock: Clock) -> Iterator[str]:
    """The address that it is reached at, which is the one that its answers name."""
    service = RevocationService(database=database, clock=clock, audit=AuditTrail(clock), verifier=verifier)
    # The port is known only when the server listens, and the application must know it.
    server = make_server("127.0.0.1", 0, Flask(__name__), request_handler=_QuietHandler)
    here = f"http://127.0.0.1:{server.server_port}"
    server.app = create_app(
        service=service, settings=WebSettings(public_url=here), session_key="5e55" * 16, clock=clock
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
