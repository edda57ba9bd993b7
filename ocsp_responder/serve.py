"""`pki-revocation serve ocsp`: the responder's processes."""

import logging
import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from keys.keyring import Keyring
from pki_revocation.clock import SystemClock
from pki_revocation.http_server.limits import Limits
from pki_revocation.installation import Installation
from pki_revocation.serving import Listener, serve_http

from .answer_signers import answer_signers
from .config import OcspSettings
from .response import AnswerSigner
from .shared_answers import SHARED_VARIABLE, SharedAnswers
from .transport import POST_LIMIT, TARGET_LIMIT

_log = logging.getLogger(__name__)
_MIB = 1 << 20


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
    clock = SystemClock()
    with installation.database() as database:
        database.check_revision()
        signers = answer_signers(Keyring.open(installation, clock), database).values()

        def ready() -> None:
            database.check_revision()
            for signer in signers:
                signer.validity(clock.now(), timedelta())

        with _in_common(workers, signers, settings.cache_mib * _MIB):
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
                ready=ready,
            )


@contextmanager
def _in_common(workers: int, signers: Collection[AnswerSigner], octets: int) -> Iterator[None]:
    """Let several workers have their signed answers in common, through a file that the environment names."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="pki-revocation-answers-") as folder:
        file = Path(folder) / "answers"
        try:
            SharedAnswers.make(file, octets=octets, longest=max(signer.try_key() for signer in signers))
        except OSError as error:
            _log.warning("each worker signs for itself, because %s has no room: %s", folder, error.strerror)
        else:
            os.environ[SHARED_VARIABLE] = str(file)
        yield
