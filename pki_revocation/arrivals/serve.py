"""`pki-revocation serve arrivals`: takes what lies in the watched folder, and makes the letters of what arrived."""

import logging
import signal
import threading
import time

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import LOOPBACK, ArrivalSettings, LetterSettings
from pki_revocation.database.engine import Database
from pki_revocation.documents.letters.bootstrap import letter_maker
from pki_revocation.errors import PkiError
from pki_revocation.runtime.operations import open_operations

from .folder import WatchedFolder
from .letters import ArrivalLetters
from .watch import ArrivalWatcher

_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 1.0


def serve(installation: Installation, workers: int | None = None) -> None:  # noqa: ARG001 - every service takes it
    """Look once a second until SIGTERM or SIGINT, and end between two files.

    Raises:
        ConfigurationError: for a wrong setting, a missing secret, or a port that is taken.
        FolderWatched: when another process takes the files.
        StoreError: when the database is absent, or of another revision.
    """
    settings = installation.section(ArrivalSettings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    clock = SystemClock()
    audit = AuditTrail(clock)
    with installation.database() as database, WatchedFolder(installation.path(settings.folder)) as folder:
        database.check_revision()
        watch = ArrivalWatcher(
            database=database,
            clock=clock,
            audit=audit,
            settle=settings.settle,
            patience=settings.patience,
            monotonic=time.monotonic,
        )
        letters = _letters(installation, database)
        operations = open_operations(LOOPBACK, settings.operations_port, "arrivals", database.check_revision)
        try:
            told = ""
            while not stop.wait(_PAUSE_SECONDS):
                try:
                    watch.poll(folder)
                    letters.make()
                except (PkiError, OSError) as error:
                    # What stays away comes back; nothing was moved, and the next look begins where this one did.
                    if told != str(error):
                        _log.error("%s", error)
                    told = str(error)
                else:
                    told = ""
        finally:
            operations.stop()


def _letters(installation: Installation, database: Database) -> ArrivalLetters:
    folder = installation.section(LetterSettings).folder
    # The pepper is only looked for where letters are made.
    maker = None if folder is None else letter_maker(installation, database, SystemClock())
    return ArrivalLetters(maker, installation.path(folder or ""), time.monotonic)
