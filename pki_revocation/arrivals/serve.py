"""`pki-revocation serve arrivals`: takes the files of the watched folder, and makes the letters of what arrived."""

import time
from functools import partial

from pki_revocation.audit import AuditTrail
from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import ArrivalSettings, LetterSettings
from pki_revocation.database.engine import Database
from pki_revocation.host.extras import require_extra
from pki_revocation.proof.public_crls import remember_lost
from pki_revocation.runtime.clock_keeping import kept_clock, open_clock
from pki_revocation.runtime.polling_service import Job, PollingService

from .folder import WatchedFolder
from .letters import ArrivalLetters, NoLetters
from .watch import ArrivalWatcher


def serve(installation: Installation, workers: int | None = None) -> None:  # noqa: ARG001 - every service takes it
    """Take files and make letters, once a second, until SIGTERM or SIGINT; end between two files.

    Raises:
        ConfigurationError: for a wrong setting, a missing secret, or a port that is taken.
        FolderWatched: when another process takes the files.
        StoreError: when the database is absent, or of another revision.
    """
    settings = installation.section(ArrivalSettings)
    with installation.database() as database, WatchedFolder(installation.path(settings.folder)) as folder:
        database.check_revision()
        clock = kept_clock(database)
        audit = AuditTrail(clock)
        # Its unit lets it reach no other machine.
        remember_lost(installation, database, clock, asks_public_address=False)
        watch = ArrivalWatcher(
            database=database,
            clock=clock,
            audit=audit,
            settle=settings.settle,
            patience=settings.patience,
            monotonic=time.monotonic,
        )
        letters = _letters(installation, database)
        jobs = [Job("folder", partial(watch.poll, folder), items=watch.failures), Job("letters", letters.make)]
        PollingService("arrivals", jobs, port=settings.operations_port, ready=database.check_revision).run()


def _letters(installation: Installation, database: Database) -> ArrivalLetters | NoLetters:
    folder = installation.section(LetterSettings).folder
    if folder is None:
        return ArrivalLetters(None, installation.path(""), time.monotonic)
    # Pepper and typesetter are only looked for where letters are made.
    require_extra("documents", "[letters] folder")
    from pki_revocation.documents.letters.bootstrap import letter_maker  # noqa: PLC0415 - 30 MiB
    from pki_revocation.documents.letters.page_address import PageNotPublic  # noqa: PLC0415 - with it

    try:
        maker = letter_maker(installation, database, open_clock(database))
    except PageNotPublic as error:
        # Certificates are taken all the same; this job fails, and says why, until the address is right.
        return NoLetters(error)
    return ArrivalLetters(maker, installation.path(folder), time.monotonic)
