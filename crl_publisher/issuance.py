"""One publication from beginning to end: apply, plan, sign, check, make public, record.

The journal's head lock is held only while the moment and the covered sequence are read and the number is reserved,
never while anything is signed. A process that ends anywhere in between leaves the last good CRL whole; the next run
takes a higher number, and records what had become public already.
"""

import logging
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from keys.identity import SigningIdentity
from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock, iso
from pki_revocation.database import Database
from pki_revocation.errors import StoreError
from pki_revocation.failpoints import reach
from pki_revocation.model import Issuer

from .builder import build
from .entries import EntryStore, current_entries
from .errors import CrlRejected, LastCrlInFuture, UnreadableCrl
from .inspection import inspect
from .numbering import highest_reserved, next_number, reserve
from .outlets import Outlet
from .plan import Plan
from .reading import ReadCrl, read_crl
from .scope import FULL, Scope, certificate_path
from .store import PublishedCrl, covered_by, is_unrecorded, last_published, record_published

_log = logging.getLogger(__name__)


class CrlKeys(Protocol):
    """Whoever has the CA's identity: the keyring."""

    def crl_identity(self, issuer: Issuer) -> SigningIdentity:
        """The identity that signs this issuer's CRLs.

        Raises:
            UnusableKey: when there is none that can be used now.
        """
        ...


class TimingInForce(Protocol):
    """What the schedule in force says of a CRL's times."""

    @property
    def backdate(self) -> timedelta:
        """How long before the moment of issuing thisUpdate lies."""
        ...

    def next_update(self, this_update: datetime, *, delta: bool = False) -> datetime:
        """What a CRL of this date says."""
        ...

    def latest_next_update(self, this_update: datetime) -> datetime | None:
        """The last one that is allowed; None where nothing bounds it."""
        ...


class Timings(Protocol):
    """Whoever knows the schedules: the book."""

    def in_force(self, connection: Connection, issuer: Issuer, moment: datetime) -> TimingInForce:
        """What a CRL that is issued at *moment* follows."""
        ...


def scopes(connection: Connection, issuer: Issuer) -> tuple[Scope, ...]:  # noqa: ARG001 - for what is to come
    """The complete scopes of an issuer."""
    return (FULL,)


class CrlIssuance:
    """Publishes CRLs; whoever calls it holds the lease."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit: AuditTrail,
        keys: CrlKeys,
        outlet: Outlet,
        timings: Timings,
    ) -> None:
        """All that it needs, as arguments."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._keys = keys
        self._outlet = outlet
        self._timings = timings
        self._entries = EntryStore(database)

    def prepare(self, issuer: Issuer) -> None:
        """Before the first publication of a process: current encodings, and the CA's certificate beside its CRL.

        Raises:
            OutletError: when the certificate cannot be written.
        """
        self._entries.prepare(issuer)
        self._outlet.put(certificate_path(issuer), issuer.certificate_der)

    def scopes(self, connection: Connection, issuer: Issuer) -> tuple[Scope, ...]:
        """The complete scopes of an issuer."""
        return scopes(connection, issuer)

    def touched(self, connection: Connection, issuer: Issuer, scope: Scope, after_sequence: int) -> bool:  # noqa: ARG002
        """Whether the journal has rows behind that sequence that belong on this scope's CRL."""
        return journal.read_head(connection, issuer.id).sequence > after_sequence

    def last_delta(self, connection: Connection, issuer: Issuer, scope: Scope) -> PublishedCrl | None:  # noqa: ARG002
        """The last delta of a scope."""
        return None

    def rebuild(self, issuer: Issuer) -> int:
        """Make the entry store of an issuer anew from the journal; give the sequence that it then holds."""
        sequence = self._entries.rebuild(issuer)
        with self._database.write() as connection:
            self._audit.record(connection, "crl.entries-rebuilt", {"issuer": issuer.name, "sequence": sequence})
        return sequence

    def stands(self, issuer: Issuer, scope: Scope = FULL) -> bool:
        """Whether what is public is the last CRL that was recorded, whole, and still valid."""
        public = self._public(issuer, scope)
        with self._database.read() as connection:
            recorded = last_published(connection, issuer, scope)
        if public is None or recorded is None:
            return False
        return public.sha256.hex() == recorded.sha256 and recorded.next_update > self._clock.now()

    def publish(self, issuer: Issuer, scope: Scope = FULL) -> PublishedCrl:
        """Make a new CRL public.

        Raises:
            UnusableKey: when the issuer's key cannot be used; nothing was begun.
            ClockBehindJournal, LastCrlInFuture: when the clock was ahead once, or is behind now; nothing was begun.
            CrlRejected: when the gate found an error; the last good CRL stays.
            OutletError: when it could not be put where it belongs; the last good CRL stays.
            StoreError: when the database does not answer.
        """
        identity = self._keys.crl_identity(issuer)
        public = self._public(issuer, scope)
        self._record_what_became_public(issuer, scope, public)
        self._entries.apply(issuer)
        plan = self._plan(issuer, scope, public, identity)
        try:
            # Once more, for what came in between: everything up to the covered sequence must be in the store.
            self._entries.apply(issuer)
            data = self._sign(identity, plan)
            reach("crl.signed")
            crl = inspect(data, plan, self._database)
            self._outlet.replace(
                scope.path(issuer), data, number=plan.number, number_of=lambda found: self._number_of(found, plan)
            )
        except Exception as error:
            self._record_failure(plan, error)
            raise
        published = self._record(plan, crl)
        reach("crl.recorded")
        _log.info("%s: CRL %d is public, with %d entries", issuer.name, published.number, published.entries)
        return published

    def _public(self, issuer: Issuer, scope: Scope) -> ReadCrl | None:
        """What relying parties get now, when it is this issuer's CRL at all."""
        data = self._outlet.fetch(scope.path(issuer))
        if data is None:
            return None
        crl = _own_crl(data, issuer)
        if crl is None:
            _log.error("%s: what is public at %s is not this CA's CRL", issuer.name, scope.path(issuer))
        return crl

    def _number_of(self, data: bytes, plan: Plan) -> int | None:
        """The number of what is public; it was read already, unless another publisher was faster."""
        if plan.public is not None and data == plan.public.data:
            return plan.public.number
        crl = _own_crl(data, plan.issuer)
        return None if crl is None else crl.number

    def _record_what_became_public(self, issuer: Issuer, scope: Scope, public: ReadCrl | None) -> None:
        """A run that ended between making public and recording is completed by the next one."""
        if public is None or public.number is None:
            return
        with self._database.write() as connection:
            if is_unrecorded(connection, issuer, scope, public.number):
                published = record_published(connection, issuer, scope, public, self._clock.now())
                self._audit.record(connection, "crl.found-published", published.as_json())

    def _plan(self, issuer: Issuer, scope: Scope, public: ReadCrl | None, identity: SigningIdentity) -> Plan:
        """Fix moment, covered sequence and number under the journal's head lock, with the audit's word of intent."""
        with self._database.write() as connection:
            head = journal.lock_head(connection, issuer.id)
            journal.refuse_far_future(head, self._clock)
            moment = journal.moment_under_lock(head, self._clock)
            journal.move_head(connection, issuer.id, head.sequence, moment)
            recorded = last_published(connection, issuer, scope)
            timing = self._timings.in_force(connection, issuer, moment)
            this_update, next_update = self._validity(timing, moment, recorded, public)
            if this_update > moment:
                # A revocation may have taken the journal's head back to the present since.
                raise LastCrlInFuture(iso(this_update), iso(moment))
            plan = Plan(
                issuer=issuer,
                scope=scope,
                number=next_number(
                    reserved=highest_reserved(connection, issuer, scope),
                    published=None if public is None else public.number,
                    moment=moment,
                ),
                moment=moment,
                this_update=this_update,
                next_update=next_update,
                covers_sequence=head.sequence,
                recorded=recorded,
                public=public,
                public_covers=0 if public is None else covered_by(connection, issuer, scope, public),
            )
            reserve(connection, plan)
            intent = _particulars(plan) | {"key": identity.subject_key_identifier.hex()}
            self._audit.record(connection, "crl.signing", intent)
        return plan

    def _validity(
        self, timing: TimingInForce, moment: datetime, recorded: PublishedCrl | None, public: ReadCrl | None
    ) -> tuple[datetime, datetime]:
        """Neither thisUpdate nor nextUpdate goes backwards, whatever the settings became (RFC 5280 section 5.1.2.5)."""
        this_update = moment - timing.backdate
        for earlier in (recorded, public):
            if earlier is not None:
                this_update = max(this_update, earlier.this_update)
        next_update = timing.next_update(this_update)
        for earlier in (recorded, public):
            if earlier is not None and earlier.next_update is not None:
                next_update = max(next_update, earlier.next_update)
        latest = timing.latest_next_update(this_update)
        return this_update, next_update if latest is None else min(next_update, latest)

    def _sign(self, identity: SigningIdentity, plan: Plan) -> bytes:
        with self._database.read() as connection:
            entries = current_entries(
                connection, plan.issuer, expired_before=plan.expired_before, listed_upto=plan.listed_upto
            )
            return build(identity, plan.particulars, entries)

    def _record(self, plan: Plan, crl: ReadCrl) -> PublishedCrl:
        with self._database.write() as connection:
            published = record_published(connection, plan.issuer, plan.scope, crl, self._clock.now())
            self._audit.record(connection, "crl.published", published.as_json())
        return published

    def _record_failure(self, plan: Plan, error: Exception) -> None:
        """The audit's word of the result; the alarm goes to the log, also when the database is what failed."""
        _log.error("%s: CRL %d was not published: %s", plan.issuer.name, plan.number, error)
        event, detail = "crl.failed", _particulars(plan) | {"error": type(error).__name__}
        if isinstance(error, CrlRejected):
            event, detail = "crl.rejected", _particulars(plan) | {"findings": error.counts}
        try:
            with self._database.write() as connection:
                self._audit.record(connection, event, detail)
        except StoreError:
            _log.exception("%s: the failure could not be recorded", plan.issuer.name)


def _own_crl(data: bytes, issuer: Issuer) -> ReadCrl | None:
    """These bytes as the issuer's CRL; None when they are no CRL, or one that it did not sign."""
    try:
        crl = read_crl(data)
    except UnreadableCrl:
        return None
    return crl if crl.is_signed_by(issuer.certificate) else None


def _particulars(plan: Plan) -> dict[str, object]:
    return {
        "issuer": plan.issuer.name,
        "scope": plan.scope.name,
        "number": plan.number,
        "this_update": iso(plan.this_update),
        "next_update": iso(plan.next_update),
        "covers_sequence": plan.covers_sequence,
    }
