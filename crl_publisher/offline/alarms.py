"""The publisher's watch over CRLs that it cannot sign: metrics at each look, and the alarms in its log."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from crl_publisher import metrics
from crl_publisher.issuing.issuance import CrlIssuance
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.host.outage_log import OutageLog
from pki_revocation.model import Issuer

from .status import CrlStatus, statuses

_log = logging.getLogger(__name__)
# Nothing here changes by the second: a look costs a few queries.
_POLL_SECONDS = 5.0
_REPEAT_SECONDS = 6 * 3600.0
ADVICE = "make a request with 'pki-revocation crl request', have it signed, and install it with 'crl install'"


class OfflineAlarms:
    """Raises the alarms of issuers that have no key here."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        issuance: CrlIssuance,
        notice: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*issuance* knows which CRLs an issuer may have; *notice* is [crl] elsewhere_notice."""
        self._database = database
        self._clock = clock
        self._issuance = issuance
        self._notice = notice
        self._monotonic = monotonic
        self._looked: dict[str, float] = {}
        self._alarms = OutageLog(
            _log,
            failing="it is signed elsewhere, and an operator is needed",
            working="it is signed elsewhere, and all is well again",
            again=_REPEAT_SECONDS,
            monotonic=monotonic,
        )

    def check(self, issuer: Issuer) -> tuple[CrlStatus, ...]:
        """Look at an issuer's CRLs, at most every few seconds; give what was found.

        Raises:
            StoreError: when the database does not answer.
        """
        now = self._monotonic()
        if issuer.name in self._looked and now < self._looked[issuer.name] + _POLL_SECONDS:
            return ()
        self._looked[issuer.name] = now
        with self._database.read() as connection:
            scopes = self._issuance.scopes(connection, issuer)
            moment = self._clock.now()
            found = statuses(connection, issuer, scopes, moment, self._notice)
        for each in found:
            metrics.observed(
                issuer.name, each.scope.name, each.crl, each.alarms, now=moment, uncovered=each.uncovered.count
            )
            self._say(issuer, each)
        return found

    def _say(self, issuer: Issuer, status: CrlStatus) -> None:
        """Log each alarm when it comes, again every few hours, and once when all of them are over."""
        crl = f"{issuer.name}, {status.scope.name} CRL"
        for alarm in status.alarms:
            self._alarms.failed(crl, f"{alarm.says}: {ADVICE}")
        if not status.alarms:
            self._alarms.worked(crl)
