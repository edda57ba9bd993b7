"""The publisher's job beside CRLs: certificates for OCSP responders, which only the CA's key can issue.

In a thread of its own, so that no CRL waits for one; by the process that holds the lease, so that two publishers issue
none twice.
"""

import logging
import time
from collections.abc import Callable

from keys.delegation.issuing import DelegateIssuer
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers
from pki_revocation.runtime.item_failures import ItemFailures

_log = logging.getLogger(__name__)
_LONGEST_PAUSE_SECONDS = 60.0


class DelegateIssuanceWorker:
    """Answers responders' requests for as long as the publisher runs."""

    def __init__(
        self,
        *,
        database: Database,
        issuing: DelegateIssuer,
        signs: Callable[[Issuer], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*signs* says for which issuers this process has the key."""
        self._database = database
        self._issuing = issuing
        self._signs = signs
        # The same pauses as for CRLs: a token whose PIN is wrong is not asked every second.
        self.failures = ItemFailures(
            _log,
            failing="no certificate for its OCSP responder now",
            working="certificates for its OCSP responder are issued again",
            longest=_LONGEST_PAUSE_SECONDS,
            monotonic=monotonic,
        )

    def poll(self) -> None:
        """Answer what waits; one issuer's trouble holds up no other's.

        Raises:
            StoreError: when the database does not answer.
        """
        with self._database.read() as connection:
            issuers = all_issuers(connection)
        for issuer in issuers:
            if self._signs(issuer) and self.failures.is_due(issuer.name):
                with self.failures.attempt(issuer.name):
                    self._issuing.answer(issuer)
