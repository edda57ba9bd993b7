"""What `doctor` checks of mail: whether it goes out, and whether the mail server would take it now."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.notification.carriers import MailDeferred, carrier
from pki_revocation.notification.settings import Delivery, NotificationSettings
from pki_revocation.runtime.clock_keeping import open_clock
from pki_revocation.subscribers import outbox

from .check_result import CheckResult

# Longer than the notifier tries for the first few times, and shorter than an operator should wait for bad news.
_LONGEST_WAIT = timedelta(hours=1)
# The operator who runs doctor waits at the screen.
_TIMEOUT = timedelta(seconds=10)


def check(installation: Installation, database: Database) -> Iterator[CheckResult]:
    """One line for the outbox, and one for the mail server or the folder.

    Raises:
        ConfigurationError: when [notification] or its credentials are wrong.
        StoreError: when the database does not answer.
    """
    settings = installation.section(NotificationSettings)
    if settings.delivery is Delivery.NONE:
        yield CheckResult("mail", well=True, says="off, [notification] delivery is none: no subscriber is told by mail")
        return
    yield _outbox(database)
    yield _server(installation, replace(settings, timeout=min(settings.timeout, _TIMEOUT)))


def _outbox(database: Database) -> CheckResult:
    now = open_clock(database).now()
    with database.read() as connection:
        count, since = outbox.waiting(connection)
        failure = outbox.last_failure(connection)
    if since is None:
        return CheckResult("outbox", well=True, says="no mail waits")
    if now - since <= _LONGEST_WAIT:
        return CheckResult("outbox", well=True, says=f"{count} wait, the oldest since {iso(since)}")
    why = failure or "it was never tried: see whether 'pki-revocation serve notifier' runs"
    return CheckResult("outbox", well=False, says=f"{count} wait, the oldest since {iso(since)}: {why}")


def _server(installation: Installation, settings: NotificationSettings) -> CheckResult:
    carries = carrier(installation, settings)
    where = str(installation.path(settings.folder))
    if settings.delivery is Delivery.SMTP:
        where = f"{settings.host} port {settings.port}"
    try:
        if carries is not None:
            carries.knock()
    except MailDeferred as error:
        return CheckResult(f"mail to {where}", well=False, says=f"{error} See [notification].")
    return CheckResult(f"mail to {where}", well=True, says="is taken")
