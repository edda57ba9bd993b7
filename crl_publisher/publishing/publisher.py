"""The running publisher: twice a second it attends to each issuer in turn, as long as it holds the lease."""

import logging
from collections.abc import Callable

from crl_publisher import metrics
from crl_publisher.offline.alarms import OfflineAlarms
from pki_revocation.database.engine import Database
from pki_revocation.database.lease import Lease
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers
from pki_revocation.register.service_failures import FailureRecord
from pki_revocation.runtime.item_failures import ItemFailures

from .attendance import Attendance

_log = logging.getLogger(__name__)


class Publisher:
    """Publishes every issuer's CRLs as long as this process holds the lease."""

    def __init__(
        self,
        *,
        database: Database,
        lease: Lease,
        attendance: Attendance,
        signs: Callable[[Issuer], bool],
        offline_alarms: OfflineAlarms,
        record: FailureRecord,
    ) -> None:
        """*signs* says for which issuers this process has a key; *offline_alarms* watches the others' CRLs.

        *record* keeps what fails.
        """
        self._database = database
        self._lease = lease
        self._attendance = attendance
        self._signs = signs
        self._offline_alarms = offline_alarms
        self._record = record
        self._expected: set[str] = set()
        self.failures = ItemFailures(_log, failing="it cannot be attended to", working="it is attended to again")

    def poll(self) -> None:
        """Attend to each issuer once.

        Raises:
            StoreError: when the database does not answer.
        """
        metrics.active(holds_lease=self._lease.is_held)
        if not self._lease.is_held:
            # Another publisher may have left anything behind meanwhile: look again from the beginning.
            self._attendance.forget()
            self.failures.keep(())
            return
        with self._database.read() as connection:
            issuers = all_issuers(connection)
        for issuer in issuers:
            with self.failures.attempt(issuer.name):
                self.attend(issuer)
        self._record.keep(self.standing())

    def standing(self) -> dict[str, str]:
        """What fails now, each with its reason as a sentence."""
        return self.failures.standing() | self._attendance.standing()

    def attend(self, issuer: Issuer) -> None:
        """Publish what is due of one issuer, and answer its requests; the caller holds the lease.

        Raises:
            StoreError: when the database does not answer.
        """
        if self._signs(issuer):
            if issuer.name not in self._expected:
                self._expected.add(issuer.name)
                metrics.expect(issuer.name)
            self._attendance.attend(issuer)
            return
        self._attendance.refuse(issuer, f"The publisher has no key of {issuer.name}: its CRLs are signed elsewhere.")
        self._offline_alarms.check(issuer)
