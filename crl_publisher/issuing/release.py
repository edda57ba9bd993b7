"""A signed CRL on its way out: through the gate, to where relying parties fetch it, and into the record.

In this order: what was not looked at is never public, and what is public but not recorded is found by the next run.
"""

import contextlib
import logging
from collections.abc import Iterator

from crl_publisher.errors import CrlRejected
from crl_publisher.gate.inspection import GateRules, inspect
from crl_publisher.outlets import Outlet
from crl_publisher.plan import Plan, parameters_of
from crl_publisher.public_crl import number_of
from crl_publisher.published import PublishedCrl, record_published
from crl_publisher.scope import Scope
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.errors import StoreError
from pki_revocation.host.failpoints import reach
from pki_revocation.model import Issuer

_log = logging.getLogger(__name__)


class Release:
    """Makes signed CRLs public; the caller holds the lease, or installs a CRL that was signed elsewhere."""

    def __init__(
        self, *, database: Database, clock: Clock, audit: AuditTrail, outlet: Outlet, rules: GateRules
    ) -> None:
        """*outlet* is where CRLs become public first, *rules* what the gate asks beyond the standards."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._outlet = outlet
        self._rules = rules

    def make_public(self, data: bytes, plan: Plan) -> PublishedCrl:
        """Let a signed CRL whose number is reserved through the gate, make it public, and record it.

        Raises:
            CrlRejected: when the gate found an error; the last good CRL stays.
            OutletError: when it could not be put where it belongs; the last good CRL stays.
            StoreError: when the database does not answer.
        """
        issuer, scope = plan.issuer, plan.scope
        with self.telling_failure(plan):
            crl = inspect(data, plan, self._database, self._rules)
            self._outlet.replace(scope.path(issuer), data, number=plan.number, number_of=number_of(issuer, plan.public))
        with self._database.write() as connection:
            published = record_published(connection, issuer, scope, crl, self._clock.now())
            self._audit.record(connection, "crl.published", published.as_json())
        reach("crl.recorded")
        _log.info("%s: %s CRL %d is public, with %d entries", issuer.name, scope.name, plan.number, published.entries)
        return published

    def republish(self, data: bytes, issuer: Issuer, scope: Scope, recorded: PublishedCrl) -> None:
        """Make the CRL public again that was recorded as published last, after what was public got lost.

        Raises:
            OutletError: when it could not be put where it belongs, or something newer is there.
            StoreError: when the database does not answer.
        """
        self._outlet.replace(scope.path(issuer), data, number=recorded.number, number_of=number_of(issuer))
        with self._database.write() as connection:
            self._audit.record(connection, "crl.put-back", recorded.as_json())

    @contextlib.contextmanager
    def telling_failure(self, plan: Plan) -> Iterator[None]:
        """Tell log and audit of any error that ends a publication whose number is reserved; it is raised again."""
        try:
            yield
        except Exception as error:
            self._tell(plan, error)
            raise

    def _tell(self, plan: Plan, error: Exception) -> None:
        """Write the error to the log, also when the database is what failed, and an audit record of it."""
        _log.error("%s: %s CRL %d was not published: %s", plan.issuer.name, plan.scope.name, plan.number, error)
        event, detail = "crl.failed", parameters_of(plan) | {"error": type(error).__name__}
        if isinstance(error, CrlRejected):
            event, detail = "crl.rejected", parameters_of(plan) | {"findings": error.counts}
        try:
            with self._database.write() as connection:
                self._audit.record(connection, event, detail)
        except StoreError:
            _log.exception("%s: the failure could not be recorded", plan.issuer.name)
