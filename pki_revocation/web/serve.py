"""`pki-revocation serve web`: the subscriber's service, until it is told to stop."""

from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import ContactSettings, WebSettings
from pki_revocation.documents.form_trial import try_form
from pki_revocation.host.extras import require_extra
from pki_revocation.http_server.limits import Limits
from pki_revocation.rate_limiting.hashing_queue import THREADS
from pki_revocation.runtime.serving import Listener, serve_http

from .receipt_check import LARGEST_BODY


def serve(installation: Installation, workers: int | None) -> None:
    """Serve page and endpoint; *workers* overrides the configured number of processes.

    Raises:
        ConfigurationError: for a wrong setting, or a port that is taken.
        DocumentNotSet: when the form cannot be set with what [contact] says.
        ExtraMissing: when the packages that make pages and documents are not installed.
        StoreError: when the database is absent, or of another revision.
    """
    require_extra("documents", "The subscriber's page")
    settings = installation.section(WebSettings)
    # Said here once, before any worker starts.
    try_form(installation.section(ContactSettings))
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
            limits=Limits(body=LARGEST_BODY),
        ),
    )
