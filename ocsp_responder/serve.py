"""`pki-revocation serve ocsp`: the responder's processes."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from keys.keyring import Keyring
from ocsp_responder.answering.shared_cache import SHARED_VARIABLE, SharedAnswerCache
from ocsp_responder.http.transport import POST_LIMIT, TARGET_LIMIT
from ocsp_responder.signing.answer_signers import CurrentSigners, answer_signers, answered_issuers
from ocsp_responder.signing.renewal import DelegateRenewals
from pki_revocation.config.installation import Installation
from pki_revocation.host.temporary_folders import temporary_folder
from pki_revocation.http_server.limits import Limits
from pki_revocation.runtime.clock_keeping import kept_clock
from pki_revocation.runtime.serving import Listener, serve_http

from .config import OcspSettings

_log = logging.getLogger(__name__)
_MIB = 1 << 20
# For the first certificate: the publisher looks every second, and may have to be started yet.
_FIRST_SECONDS = 60.0


def serve(installation: Installation, workers: int | None) -> None:
    """Serve until SIGTERM or SIGINT, with so many workers, or as many as the configuration says.

    What would stop every worker, such as a missing key, is found here first and said in one sentence.

    Raises:
        ConfigurationError: when a setting is wrong, no issuer has an OCSP key, or a port is taken.
        StoreError: when the database does not answer or is of another revision.
        UnusableKey: when a configured key or its certificate cannot be used.
    """
    settings = installation.section(OcspSettings)
    workers = workers or settings.workers
    with installation.database() as database:
        database.check_revision()
        clock = kept_clock(database)
        keyring = Keyring.open(installation, clock)
        issuers = answered_issuers(keyring, database)
        renewals = DelegateRenewals.configured(keyring, issuers, database, clock)
        renewals.wait_for_first(keyring, issuers, _FIRST_SECONDS)
        # Kept in one place alone: what keeps a signer keeps its key from being destroyed.
        signers = CurrentSigners(keyring, answer_signers(keyring, database), database)
        with _renewed(renewals, signers), _in_common(workers, signers, settings.cache_mib * _MIB):
            serve_http(
                name="ocsp",
                factory="ocsp_responder.bootstrap:application",
                installation=installation,
                listener=Listener(
                    host=settings.host,
                    port=settings.port,
                    operations_port=settings.operations_port,
                    workers=workers,
                    limits=Limits(body=POST_LIMIT, target=TARGET_LIMIT),
                ),
            )


@contextmanager
def _renewed(renewals: DelegateRenewals, signers: CurrentSigners) -> Iterator[None]:
    """Renew the responder's keys in a thread until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=renewals.run, args=(stop, signers), name="renewing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def _in_common(workers: int, signers: CurrentSigners, octets: int) -> Iterator[None]:
    """Let several workers share signed answers until the block ends, through a file that the environment names."""
    if workers == 1:
        yield
        return
    with temporary_folder("answers") as folder:
        file = folder / "answers"
        try:
            SharedAnswerCache.make(file, octets=octets, longest=max(signer.try_key() for signer in signers))
        except OSError as error:
            _log.warning("each worker signs for itself, because %s has no room: %s", folder, error.strerror)
        else:
            os.environ[SHARED_VARIABLE] = str(file)
        yield
