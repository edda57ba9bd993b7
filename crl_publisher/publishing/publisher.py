"""The running publisher: twice a second it attends to each issuer in turn, as long as it holds the lease."""

import logging
import threading
from collections.abc import Callable

from crl_publisher.config import PublisherSettings
from crl_publisher.offline.alarms import OfflineAlarms
from pki_revocation.database.engine import Database
from pki_revocation.database.lease import Lease
from pki_revocation.errors import PkiError, StoreError
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers

from .attendance import Attendance

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.5


class Publisher:
    """Publishes every issuer's CRLs as long as this process holds the lease."""

    def __init__(
        self,
        *,
        database: Database,
        lease: Lease,
        settings: PublisherSettings,
        attendance: Attendance,
        signs: Callable[[Issuer], bool],
        offline_alarms: OfflineAlarms,
    ) -> None:
        """*signs* says for which issuers this process has a key; *offline_alarms* watches the others' CRLs."""
        self._database = database
        self._lease = lease
        self._settings = settings
        self._attendance = attendance
        self._signs = signs
        self._offline_alarms = offline_alarms
        self._holds = False
        self._complaint = ""

    def run(self, stop: threading.Event) -> None:
        """Publish until *stop* is set; a publication that was begun is finished, and the lease is let go."""
        heart = threading.Thread(target=self._beat, args=(stop,), name="lease", daemon=True)
        self.renew()
        heart.start()
        try:
            while not stop.is_set():
                self.poll()
                stop.wait(_POLL_SECONDS)
        finally:
            stop.set()
            heart.join()
            if self._holds:
                self._lease.release()

    def poll(self) -> None:
        """Look once at every issuer, and publish what is due."""
        if not self._holds:
            # Another publisher may have left anything behind meanwhile: look again from the beginning.
            self._attendance.forget()
            return
        try:
            with self._database.read() as connection:
                issuers = all_issuers(connection)
            for issuer in issuers:
                self.attend(issuer)
            self._complaint = ""
        except StoreError as error:
            self._complain(error)

    def renew(self) -> None:
        """Take or keep the lease; what is not kept is noticed by the next look."""
        try:
            holds = self._lease.hold()
        except PkiError as error:
            # Without a database nobody else can have it either, and nothing can be published.
            self._complain(error)
            return
        if holds != self._holds:
            _log.info("this process %s", "publishes from now on" if holds else "waits: another one publishes")
        self._holds = holds

    def _beat(self, stop: threading.Event) -> None:
        """Keep the lease, also while a publication takes longer than it lasts."""
        while not stop.wait(self._settings.lease.total_seconds() / 3):
            try:
                self.renew()
            except Exception:  # noqa: BLE001 - the edge of this thread
                # A publisher whose lease ends while it believes to have it is worse than any error here.
                _log.exception("the lease could not be renewed: unexpected error")
                self._holds = False

    def attend(self, issuer: Issuer) -> None:
        """Publish what is due of one issuer, and answer its requests; the caller holds the lease.

        Raises:
            StoreError: when the database does not answer; nothing had been begun.
        """
        if self._signs(issuer):
            self._attendance.attend(issuer)
            return
        self._attendance.refuse(issuer, f"The publisher has no key of {issuer.name}: its CRLs are signed elsewhere.")
        try:
            self._offline_alarms.check(issuer)
        except PkiError as error:
            self._complain(error)

    def _complain(self, error: PkiError) -> None:
        """Say it once, not twice a second."""
        if str(error) != self._complaint:
            self._complaint = str(error)
            _log.error("publishing waits: %s", error)
