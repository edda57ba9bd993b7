"""What a new CRL follows: the CRLs that are public when it is planned, asked once for each publication.

A run that ended between making a CRL public and recording it left one that the record does not know. It is recorded
here, before anything new is planned, so that every number that relying parties ever saw is in the record.
"""

import logging
from dataclasses import dataclass, replace

from crl_publisher.crl.crl_extensions import NUMBER_LIMIT
from crl_publisher.public_crl import PublicCrl, PublicCrls
from crl_publisher.published import is_unrecorded, record_published
from crl_publisher.scope import Scope
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessor:
    """The complete CRL of a scope and its delta, as relying parties get them; None for what is not there, or not ours.

    The numbers of both count: a delta shares its complete CRL's sequence (RFC 5280 section 5.2.3).
    """

    complete: PublicCrl | None = None
    delta: PublicCrl | None = None

    @property
    def number(self) -> int | None:
        """The higher of the two numbers; None where there is none."""
        numbers = [each.number for each in (self.complete, self.delta) if each is not None and each.number is not None]
        return max(numbers, default=None)


class Predecessors:
    """Finds out what a new CRL follows."""

    def __init__(self, *, database: Database, clock: Clock, audit: AuditTrail, public: PublicCrls) -> None:
        """*public* are the CRLs of the outlet where new ones become public first."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._public = public

    def of(self, issuer: Issuer, scope: Scope) -> Predecessor:
        """What is public now of a complete scope.

        Raises:
            OutletError: when that cannot be found out.
            StoreError: when the database does not answer.
        """
        return Predecessor(complete=self._found(issuer, scope), delta=self._found(issuer, scope.delta))

    def _found(self, issuer: Issuer, scope: Scope) -> PublicCrl | None:
        state = self._public.state(issuer, scope)
        if state.is_foreign:
            _log.error("%s: what is public at %s is not this CA's CRL", issuer.name, state.path)
        crl = state.crl
        if crl is None or crl.covers is not None or crl.number is None or not 0 <= crl.number < NUMBER_LIMIT:
            return crl
        return self._recorded(issuer, scope, crl, crl.number)

    def _recorded(self, issuer: Issuer, scope: Scope, crl: PublicCrl, number: int) -> PublicCrl:
        """The public CRL itself; it is recorded as published from now on if its number was reserved here."""
        with self._database.read() as connection:
            unrecorded = is_unrecorded(connection, issuer, scope, number)
        whole = crl.whole() if unrecorded else None
        if whole is None:
            return crl
        with self._database.write() as connection:
            published = record_published(connection, issuer, scope, whole, self._clock.now())
            self._audit.record(connection, "crl.found-published", published.as_json())
        return replace(crl, covers=published.covers_sequence)
