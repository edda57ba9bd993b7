"""Whether the page can be used now: looked up for each request, so that every worker closes and opens at once.

What needs no database is still served: the assets, the form for post and e-mail, and what describes the endpoints. So
are confirmations, receipts and the status of a revocation, which only read: maintenance takes nothing away from a
subscriber who has revoked.
"""

from flask import request

from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.errors import PkiError
from pki_revocation.register.maintenance import Maintenance, current_maintenance

_ALWAYS = ("static", "form.", "receipts.", "receipt_documents.", "api_description.", "api_status.")


class UnderMaintenance(PkiError):
    """The page is closed; *retry_after* seconds until it is expected back."""

    def __init__(self, notice: Maintenance, retry_after: int) -> None:
        super().__init__("Revoking online is closed for maintenance.")
        self.notice = notice
        self.retry_after = max(1, retry_after)


class Availability:
    """Asks the database before every request."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """*clock* tells when maintenance is over."""
        self._database = database
        self._clock = clock

    def refuse_while_closed(self) -> None:
        """Let a request pass while the page is open.

        Raises:
            UnderMaintenance: while the page is closed.
            StoreError: when the database does not answer: whatever was asked for needs it.
        """
        if request.endpoint is not None and request.endpoint.startswith(_ALWAYS):
            return
        now = self._clock.now()
        with self._database.read() as connection:
            notice = current_maintenance(connection, now)
        if notice is not None:
            raise UnderMaintenance(notice, int((notice.until - now).total_seconds()))
