"""`pki-revocation serve web`: the subscriber's service, until it is told to stop."""

from pki_revocation.installation import Installation
from pki_revocation.serving import Listener, serve_wsgi
from pki_revocation.settings import WebSettings


def serve(installation: Installation, workers: int | None) -> None:
    """Serve page and endpoint; *workers* overrides the configured number of processes.

    Raises:
        ConfigurationError: for a wrong setting, or a port that is taken.
        StoreError: when the database is absent, or of another revision.
    """
    settings = installation.section(WebSettings)
    listener = Listener(
        host=settings.host,
        port=settings.port,
        operations_port=settings.operations_port,
        workers=workers or settings.workers,
    )
    with installation.database() as database:
        # Said here once, before any worker starts and fails on it.
        database.check_revision()
        serve_wsgi(
            name="web",
            factory="pki_revocation.web.bootstrap:application",
            installation=installation,
            listener=listener,
            ready=database.check_revision,
        )
