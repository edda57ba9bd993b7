"""The publisher's job beside CRLs: certificates for OCSP responders, which only the CA's key can issue.

In a thread of its own, so that no CRL waits for one; by whoever holds the lease, so that two publishers issue none
twice.
"""

import logging
import threading
import time
from collections.abc import Callable

from keys.delegation.issuing import DelegateIssuer
from pki_revocation.database.engine import Database
from pki_revocation.errors import PkiError
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers

_log = logging.getLogger(__name__)
_POLL_SECONDS = 1.0
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
        self._monotonic = monotonic
        self._thread: threading.Thread | None = None
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    def start(self, stop: threading.Event, may: Callable[[], bool]) -> None:
        """Look every second until *stop* is set, while *may* says so."""

        def run() -> None:
            while not stop.wait(_POLL_SECONDS):
                if may():
                    self.poll()

        self._thread = threading.Thread(target=run, name="delegates", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the last look to end."""
        if self._thread is not None:
            self._thread.join()

    def poll(self) -> None:
        """Answer what waits; one issuer's trouble holds up no other's."""
        try:
            with self._database.read() as connection:
                issuers = all_issuers(connection)
        except PkiError as error:
            _log.warning("requests of OCSP responders cannot be read now: %s", error)
            return
        for issuer in issuers:
            if self._signs(issuer) and self._monotonic() >= self._not_before.get(issuer.name, 0.0):
                self._attend(issuer)

    def _attend(self, issuer: Issuer) -> None:
        try:
            self._issuing.answer(issuer)
        except Exception as error:  # noqa: BLE001 - the edge of this thread: it must go on whatever one request holds
            failures = self._failures[issuer.name] = self._failures.get(issuer.name, 0) + 1
            # The same pauses as for CRLs: a token whose PIN is wrong is not asked every second.
            pause = min(2.0 ** min(failures, 6), _LONGEST_PAUSE_SECONDS)
            self._not_before[issuer.name] = self._monotonic() + pause
            unforeseen = not isinstance(error, PkiError)
            _log.error(
                "%s: no certificate for its OCSP responder now, next attempt in %.0f s: %s",
                issuer.name,
                pause,
                error,
                exc_info=unforeseen,
            )
        else:
            self._failures.pop(issuer.name, None)
