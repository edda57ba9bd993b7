"""Sends what is due in the outbox: each mail at least once, and once unless this process ends at the wrong moment.

That moment is between the server's 250 and our record of it: the mail is sent again with the same Message-ID, by which
its reader's server can tell. One mail's failure never holds up the next.
"""

import logging
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from pki_revocation import journal
from pki_revocation.clock import Clock
from pki_revocation.config.settings import ContactSettings, WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.documents.contact import ServiceDesk
from pki_revocation.errors import StoreError
from pki_revocation.host.failpoints import reach
from pki_revocation.host.outage_log import in_words
from pki_revocation.model import EntryKind, serial_text
from pki_revocation.register.certificates import certificate_with_number
from pki_revocation.register.host_names import host_names
from pki_revocation.runtime.item_failures import ItemFailures
from pki_revocation.subscribers import contacts, outbox
from pki_revocation.subscribers.languages import Language
from pki_revocation.subscribers.outbox import MailKind, Outcome, QueuedMail

from . import metrics
from .carriers import Carrier, MailDeferred, MailRejected
from .failure_texts import failures
from .message import message
from .revocation_texts import RevokedFacts, reason_added, revoked
from .settings import NotificationSettings
from .texts import Subscription, Text

_BATCH = 100
_log = logging.getLogger(__name__)


class LeaseState(Protocol):
    """Whether this process is the one that sends."""

    @property
    def is_held(self) -> bool:
        """Whether it has the lease at this moment."""
        ...


class Sender:
    """Sends the outbox's mails by a carrier; each call of `send_due` tries those that are due."""

    def __init__(  # noqa: PLR0913 - a constructor takes what it works with
        self,
        *,
        database: Database,
        clock: Clock,
        carrier: Carrier | None,
        turn: LeaseState,
        settings: NotificationSettings,
        desk: ContactSettings | None = None,
        public_url: str | None = None,
    ) -> None:
        """Mails are signed by *desk*, and name the page at *public_url*.

        *carrier* is None where mail is off: what is queued then ends as given up, and is not kept for later.
        """
        self._database = database
        self._clock = clock
        self._carrier = carrier
        self._turn = turn
        self._settings = settings
        self._desk = desk or ContactSettings()
        self._public_url = WebSettings().public_url if public_url is None else public_url
        self.failures = ItemFailures(_log, failing="it cannot be made now", working="it was made")

    def send_due(self) -> int:
        """Try what is due; give the number of mails that were taken.

        Raises:
            StoreError: when the database does not answer.
        """
        now = self._clock.now()
        with self._database.read() as connection:
            mails = outbox.due(connection, now, _BATCH)
        sent = 0
        for mail in mails:
            if not self._turn.is_held:
                break
            with self.failures.attempt(f"mail {mail.local_id}"):
                sent += self._send_or_postpone(mail)
        return sent

    def forget(self) -> None:
        """Delete the outbox's rows of mails that ended long ago.

        Raises:
            StoreError: when the database does not answer.
        """
        with self._database.write() as connection:
            outbox.forget(connection, self._clock.now(), self._settings.keep)

    def _send_or_postpone(self, mail: QueuedMail) -> bool:
        """A mail that cannot be made is tried again like one that is not taken, and given up as late."""
        try:
            return self._send(mail)
        except StoreError:
            raise
        except Exception as error:
            if self._postpone(mail, in_words(error)):
                raise
            return False

    def _send(self, mail: QueuedMail) -> bool:
        with self._database.read() as connection:
            contact = contacts.of_number(connection, mail.number)
            language = Language.DUTCH if contact is None else Language(contact.language)
            text = None if contact is None else _text(connection, mail, language, self._public_url)
        if contact is None or text is None:
            with self._database.write() as connection:
                outbox.drop(connection, mail)
            return False
        if self._carrier is None:
            self._end(mail, Outcome.GIVEN_UP, "Mail is off: [notification] delivery is none.")
            return False
        envelope_sender = self._settings.return_path or self._settings.sender
        letter = message(
            text,
            contact.email,
            local_id=mail.local_id,
            told_at=mail.told_at,
            settings=self._settings,
            desk=ServiceDesk.of(self._desk, language),
        )
        try:
            self._carrier.carry(letter, envelope_sender, contact.email)
        except MailRejected as error:
            self._end(mail, Outcome.GIVEN_UP, str(error))
            return False
        except MailDeferred as error:
            self._postpone(mail, str(error))
            return False
        reach("notification.sent")
        self._end(mail, Outcome.SENT)
        return True

    def _end(self, mail: QueuedMail, outcome: Outcome, failure: str | None = None) -> None:
        with self._database.write() as connection:
            outbox.end(connection, mail, outcome, self._clock.now(), failure)
        metrics.ended(outcome)
        if outcome is Outcome.GIVEN_UP:
            _log.error("mail %s is given up: %s", mail.local_id, failure)
        else:
            _log.info("mail %s: %s", mail.local_id, outcome.value)

    def _postpone(self, mail: QueuedMail, failure: str) -> bool:
        """Record a failure of a mail; True when it will be tried again, False when it is given up."""
        now = self._clock.now()
        until = now + retry_after(mail.attempts, self._settings)
        if until > mail.told_at + self._settings.give_up_after:
            self._end(mail, Outcome.GIVEN_UP, failure)
            return False
        _log.warning("mail %s is tried again at %s: %s", mail.local_id, until.isoformat(), failure)
        with self._database.write() as connection:
            outbox.postpone(connection, mail, until, failure)
        return True


def retry_after(attempts: int, settings: NotificationSettings) -> timedelta:
    """The pause before the next attempt: twice as long after each failure, up to the longest."""
    return min(settings.first_retry * (1 << min(attempts, 20)), settings.longest_retry)


def _text(connection: Connection, mail: QueuedMail, language: Language, public_url: str) -> Text | None:
    certificate = certificate_with_number(connection, mail.number)
    if certificate is None:
        return None
    about = Subscription(
        organisation=certificate.organisation,
        hosts=host_names(certificate),
        number=mail.number,
        page=public_url.rstrip("/") + language.page,
    )
    if mail.kind is MailKind.FAILURES:
        return failures(language, about, mail.told_at)
    if mail.issuer_id is None or mail.sequence is None:
        return None
    entry = journal.entry_at(connection, mail.issuer_id, mail.sequence)
    if entry is None:
        return None
    first = journal.first_entry(connection, mail.issuer_id, entry.serial) or entry
    is_added = entry.kind is EntryKind.RAISE
    facts = RevokedFacts(
        certificate=about,
        serial=serial_text(entry.serial),
        revoked_at=first.revoked_at,
        reason=entry.reason,
        channel=entry.channel,
        reference=entry.reference,
        key_unsafe_since=entry.invalidity_date,
        first_reference=first.reference if is_added else None,
        added_at=entry.raised_at,
    )
    return reason_added(language, facts) if is_added else revoked(language, facts)


def waits_too_long(since: datetime | None, now: datetime, settings: NotificationSettings) -> bool:
    """Whether the oldest mail waits for longer than the mail server's trouble usually lasts."""
    return since is not None and now - since > 2 * settings.longest_retry
