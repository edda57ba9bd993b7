"""`pki-revocation serve ocsp`: the responder's processes."""

from datetime import timedelta

from keys.keyring import Keyring
from pki_revocation.clock import SystemClock
from pki_revocation.http_server.limits import Limits
from pki_revocation.installation import Installation
from pki_revocation.serving import Listener, serve_http

from .answer_signers import answer_signers
from .config import OcspSettings
from .transport import POST_LIMIT, TARGET_LIMIT


def serve(installation: Installation, workers: int | None) -> None:
    """Serve until SIGTERM or SIGINT, with so many workers, or as many as the configuration says.

    What would stop every worker, such as a missing key, is found here first and said in one sentence.

    Raises:
        ConfigurationError: when a setting is wrong, no issuer has an OCSP key, or a port is taken.
        StoreError: when the database does not answer or is of another revision.
        UnusableKey: when a configured key or its certificate cannot be used.
    """
    settings = installation.section(OcspSettings)
    clock = SystemClock()
    with installation.database() as database:
        database.check_revision()
        signers = answer_signers(Keyring.open(installation, clock), database).values()

        def ready() -> None:
            database.check_revision()
            for signer in signers:
                signer.validity(clock.now(), timedelta())

        serve_http(
            name="ocsp",
            factory="ocsp_responder.bootstrap:application",
            installation=installation,
            listener=Listener(
                host=settings.host,
                port=settings.port,
                operations_port=settings.operations_port,
                workers=workers or settings.workers,
                limits=Limits(body=POST_LIMIT, target=TARGET_LIMIT),
            ),
            ready=ready,
        )
