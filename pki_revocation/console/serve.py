"""`pki-revocation serve console`: the overview on loopback, until it is told to stop."""

from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import LOOPBACK, ConsoleSettings
from pki_revocation.runtime.serving import Listener, serve_http


def serve(installation: Installation, workers: int | None) -> None:
    """Serve the overview; *workers* overrides the one process that is enough for it.

    Raises:
        ConfigurationError: for a wrong setting, or a port that is taken.
        StoreError: when the database is absent, or of another revision.
    """
    settings = installation.section(ConsoleSettings)
    serve_http(
        name="console",
        factory="pki_revocation.console.bootstrap:application",
        installation=installation,
        listener=Listener(
            host=LOOPBACK,
            port=settings.port,
            operations_port=settings.operations_port,
            workers=workers or 1,
        ),
    )
