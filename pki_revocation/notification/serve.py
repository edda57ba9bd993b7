"""`pki-revocation serve notifier`: the process that sends mail, a trust zone of its own.

It holds the mail server's password and reads contacts, and nobody outside can reach it; the page that faces the
internet holds neither password nor contact. It uses no pepper and no key.
"""

import logging
import signal
import threading

from pki_revocation.clock import Clock, SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import LOOPBACK, ContactSettings
from pki_revocation.database.engine import Database
from pki_revocation.database.lease import Lease
from pki_revocation.errors import StoreError
from pki_revocation.runtime.operations import open_operations
from pki_revocation.subscribers import outbox

from . import metrics
from .carriers import carrier
from .sender import Sender, waits_too_long
from .settings import NotificationSettings

LEASE = "notifier"
# How soon a mail follows what it tells of, and how often the outbox is looked at for it.
_PAUSE_SECONDS = 1.0
_log = logging.getLogger(__name__)


def serve(installation: Installation, workers: int | None = None) -> None:  # noqa: ARG001 - every service takes it
    """Send mail until SIGTERM or SIGINT, and end cleanly. Of *workers* there is always one.

    Raises:
        ConfigurationError: when the configuration is wrong or the operations port is taken.
        StoreError: when the database is not this program's.
    """
    settings = installation.section(NotificationSettings)
    carries = carrier(installation, settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with installation.database() as database:
        database.check_revision()
        clock = SystemClock()
        lease = Lease(database=database, clock=clock, length=settings.lease, name=LEASE)
        desk = installation.section(ContactSettings)
        sender = Sender(database=database, clock=clock, carrier=carries, turn=lease, settings=settings, desk=desk)
        operations = open_operations(LOOPBACK, settings.operations_port, "notifier", database.check_revision)
        renewal = threading.Thread(target=_renew, args=(lease, settings, stop), name="lease", daemon=True)
        renewal.start()
        try:
            _run(database, clock, sender, lease, settings, stop)
        finally:
            stop.set()
            renewal.join()
            operations.stop()
            if lease.is_held:
                lease.release()


def _run(
    database: Database,
    clock: Clock,
    sender: Sender,
    lease: Lease,
    settings: NotificationSettings,
    stop: threading.Event,
) -> None:
    complained = False
    while not stop.wait(_PAUSE_SECONDS):
        try:
            with database.read() as connection:
                count, since = outbox.waiting(connection)
            metrics.waiting(count, since, clock.now())
            if waits_too_long(since, clock.now(), settings) and not complained:
                _log.error("mail waits since %s: look at the mail server and at [notification]", since)
            complained = waits_too_long(since, clock.now(), settings)
            if lease.is_held:
                sender.send_due()
                sender.forget()
        except StoreError as error:
            _log.warning("no mail is sent now: %s", error)


def _renew(lease: Lease, settings: NotificationSettings, stop: threading.Event) -> None:
    """Apart from the sending, because one dialogue with a slow mail server may outlast the lease."""
    while True:
        try:
            lease.hold()
        except StoreError as error:
            _log.warning("the lease cannot be renewed: %s", error)
        if stop.wait(settings.lease.total_seconds() / 3):
            return
