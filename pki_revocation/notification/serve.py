"""`pki-revocation serve notifier`: the process that tells others of revocations, a trust zone of its own.

It sends mail, and has time-stamp authorities stamp each revocation. It holds the mail server's password and reads
contacts, and it cannot be reached from outside; the page that faces the internet holds neither password nor contact.
It uses no pepper and no key.
"""

from functools import partial

from pki_revocation.clock import Clock, iso
from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import ContactSettings, WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.database.lease import Lease
from pki_revocation.errors import PkiError
from pki_revocation.runtime.clock_keeping import kept_clock
from pki_revocation.runtime.polling_service import Job, PollingService
from pki_revocation.subscribers import outbox

from . import metrics
from .carriers import carrier
from .sender import Sender, waits_too_long
from .settings import NotificationSettings
from .stamping import Stamper

LEASE = "notifier"
# What ended long ago need not go to the second.
_FORGET_SECONDS = 60.0


class MailWaits(PkiError):
    """Mail has not been taken for so long that an operator must look into it."""


def serve(installation: Installation, workers: int | None = None) -> None:  # noqa: ARG001 - every service takes it
    """Send mail until SIGTERM or SIGINT, and end cleanly. Of *workers* there is always one.

    Raises:
        ConfigurationError: when the configuration is wrong or the operations port is taken.
        StoreError: when the database is not this program's.
    """
    settings = installation.section(NotificationSettings)
    carries = carrier(installation, settings)
    with installation.database() as database:
        database.check_revision()
        clock = kept_clock(database)
        lease = Lease(database=database, clock=clock, length=settings.lease, name=LEASE)
        sender = Sender(
            database=database,
            clock=clock,
            carrier=carries,
            turn=lease,
            settings=settings,
            desk=installation.section(ContactSettings),
            public_url=installation.section(WebSettings).public_url,
        )
        jobs = [
            Job("backlog", partial(watch_backlog, database, clock, settings)),
            Job("mail", sender.send_due, needs_lease=True, items=sender.failures),
            Job("old mail", sender.forget, every=_FORGET_SECONDS, needs_lease=True),
        ]
        stamper = Stamper.of(installation, database, clock, lease)
        if stamper is not None:
            # Apart: an authority that is slow holds up no mail.
            jobs.append(Job("time stamps", stamper.stamp_due, needs_lease=True, apart=True, items=stamper.failures))
        port = settings.operations_port
        PollingService("notifier", jobs, port=port, ready=database.check_revision, lease=lease).run()


def watch_backlog(database: Database, clock: Clock, settings: NotificationSettings) -> None:
    """Set the metrics of waiting mail.

    Raises:
        MailWaits: when the oldest mail waits for longer than the mail server's trouble usually lasts.
        StoreError: when the database does not answer.
    """
    with database.read() as connection:
        count, since = outbox.waiting(connection)
    now = clock.now()
    metrics.waiting(count, since, now)
    if since is not None and waits_too_long(since, now, settings):
        raise MailWaits(f"Mail waits since {iso(since)}: check the mail server and [notification].")
