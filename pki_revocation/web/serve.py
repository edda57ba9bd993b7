"""`pki-revocation serve web`: the subscriber's service, until it is told to stop."""

from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import WebSettings
from pki_revocation.rate_limiting.hashing_queue import THREADS
from pki_revocation.runtime.serving import Listener, serve_http


def serve(installation: Installation, workers: int | None) -> None:
    """Serve page and endpoint; *workers* overrides the configured number of processes.

    Raises:
        ConfigurationError: for a wrong setting, or a port that is taken.
        StoreError: when the database is absent, or of another revision.
    """
    settings = installation.section(WebSettings)
    serve_http(
        name="web",
        factory="pki_revocation.web.bootstrap:application",
        installation=installation,
        listener=Listener(
            host=settings.host,
            port=settings.port,
            operations_port=settings.operations_port,
            workers=workers or settings.workers,
            threads=THREADS,
        ),
    )
