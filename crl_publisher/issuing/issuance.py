"""One publication from beginning to end: apply, plan, sign, check, make public, record.

The journal's head lock is held only while the moment and the covered sequence are read and the number is reserved,
never while anything is signed. A process that ends anywhere in between leaves the last good CRL whole; the next run
takes a higher number, and records what had become public already.
"""

import hashlib
import logging
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from crl_publisher.config import CrlSettings
from crl_publisher.crl.builder import build
from crl_publisher.crl.crl_extensions import NUMBER_LIMIT
from crl_publisher.crl.reading import ParsedCrl
from crl_publisher.entry_store.listing import selected_entries
from crl_publisher.entry_store.segments import fill_segments, may_use_segments
from crl_publisher.entry_store.selection import has_changes
from crl_publisher.entry_store.store import EntryStore
from crl_publisher.errors import CrlRejected
from crl_publisher.gate.inspection import GateRules, inspect
from crl_publisher.outlets import Outlet
from crl_publisher.plan import Plan, parameters_of
from crl_publisher.public_crl import PublicCrl, own_crl, public_crl
from crl_publisher.published import PublishedCrl, is_unrecorded, last_published, record_published
from crl_publisher.scope import CA, FULL, USERS, Scope, certificate_path
from keys.identity import SigningIdentity
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.errors import StoreError
from pki_revocation.host.failpoints import reach
from pki_revocation.model import Issuer

from .planning import Planning
from .shards import shard_scopes
from .timing import Timings

_log = logging.getLogger(__name__)


class CrlKeys(Protocol):
    """Whoever has the CA's identity: the keyring."""

    def crl_identity(self, issuer: Issuer) -> SigningIdentity:
        """The identity that signs this issuer's CRLs.

        Raises:
            UnusableKey: when there is none that can be used now.
        """
        ...


def complete_scopes(connection: Connection, issuer: Issuer, settings: CrlSettings) -> tuple[Scope, ...]:
    """All complete CRLs that an issuer has."""
    parts = ((CA, settings.ca), (USERS, settings.users))
    return FULL, *(scope for scope, wanted in parts if wanted), *shard_scopes(connection, issuer)


class CrlIssuance:
    """Publishes CRLs; whoever calls it holds the lease."""

    def __init__(  # noqa: PLR0913 - all that it needs, as arguments
        self,
        *,
        database: Database,
        clock: Clock,
        audit: AuditTrail,
        keys: CrlKeys,
        outlet: Outlet,
        timings: Timings,
        settings: CrlSettings,
        public_url: str,
        spool: Path | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            database: journal, entry store and record.
            clock: this machine's.
            audit: gets intent and result of each signature.
            keys: the CA's.
            outlet: where CRLs become public first.
            timings: the schedules.
            settings: which CRLs there are, and what they say.
            public_url: what the addresses of CRLs begin with, without a slash at its end.
            spool: the folder for a CRL that is being made; the system's own when None.
        """
        self._database = database
        self._clock = clock
        self._audit = audit
        self._keys = keys
        self._outlet = outlet
        self._settings = settings
        self._spool = spool
        self._entries = EntryStore(database)
        self._planning = Planning(
            database=database, clock=clock, audit=audit, timings=timings, settings=settings, public_url=public_url
        )
        self._rules = GateRules(profile=settings.lint, size_limit=settings.size_limit, size_blocks=settings.size_blocks)

    def prepare(self, issuer: Issuer) -> None:
        """Before the first publication of a process: current encodings, and the CA's certificate beside its CRL.

        Raises:
            OutletError: when the certificate cannot be written.
        """
        self._entries.prepare(issuer)
        self._outlet.put(certificate_path(issuer), issuer.certificate_der)

    def rebuild(self, issuer: Issuer) -> int:
        """Make the entry store of an issuer anew from the journal; give the sequence that it then holds."""
        sequence = self._entries.rebuild(issuer)
        with self._database.write() as connection:
            self._audit.record(connection, "crl.entries-rebuilt", {"issuer": issuer.name, "sequence": sequence})
        return sequence

    def scopes(self, connection: Connection, issuer: Issuer) -> tuple[Scope, ...]:
        """All complete CRLs that an issuer has."""
        return complete_scopes(connection, issuer, self._settings)

    def has_changes(self, connection: Connection, issuer: Issuer, scope: Scope, after_sequence: int) -> bool:
        """Whether the journal has rows behind this sequence that belong on this scope's CRL."""
        return has_changes(connection, issuer, scope, after_sequence)

    def is_current(self, issuer: Issuer, scope: Scope = FULL) -> bool:
        """Whether what is public is the last CRL that was recorded, whole, and still valid."""
        public, _ = public_crl(self._outlet, self._database, issuer, scope)
        with self._database.read() as connection:
            recorded = last_published(connection, issuer, scope)
        if public is None or recorded is None:
            return False
        return public.sha256.hex() == recorded.sha256 and recorded.next_update > self._clock.now()

    def publish(self, issuer: Issuer, scope: Scope = FULL, *, last: bool = False) -> PublishedCrl:
        """Make a new complete CRL public, and where there are deltas, the one that goes with it.

        Args:
            issuer: whose.
            scope: which; a complete one.
            last: whether it is the CA's last CRL, good for ever.

        Raises:
            UnusableKey: when the issuer's key cannot be used; nothing was begun.
            ClockBehindJournal, LastCrlInFuture: when the clock was ahead once, or is behind now; nothing was begun.
            LastCrlPublished, NotLastCrl: when a last CRL rules it out.
            SupersededCrl: when another publisher is further on.
            CrlRejected: when the gate found an error; the last good CRL stays.
            OutletError: when it could not be put where it belongs; the last good CRL stays.
            StoreError: when the database does not answer.
        """
        identity = self._keys.crl_identity(issuer)
        public = self.read_public(issuer, scope)
        self._entries.apply(issuer)
        public_delta = self.read_public(issuer, scope.delta)
        plan = self._planning.complete(issuer, scope, public, identity, public_delta=public_delta, last=last)
        published = self._carry_out(plan, identity)
        if plan.parameters.freshest is not None:
            self._publish_delta(identity, issuer, scope, beside=published)
        return published

    def publish_delta(self, issuer: Issuer, scope: Scope = FULL) -> PublishedCrl | None:
        """Make a new delta to the complete CRL of *scope* public; None when there is no base yet.

        Raises:
            as `publish` says.
        """
        identity = self._keys.crl_identity(issuer)
        return self._publish_delta(identity, issuer, scope, beside=None)

    def _publish_delta(
        self, identity: SigningIdentity, issuer: Issuer, scope: Scope, beside: PublishedCrl | None
    ) -> PublishedCrl | None:
        public = self.read_public(issuer, scope.delta)
        complete = self.read_public(issuer, scope) if beside is None else None
        if beside is None:
            self._entries.apply(issuer)
        plan = self._planning.delta(issuer, scope, public, identity, public_complete=complete, beside=beside)
        return None if plan is None else self._carry_out(plan, identity)

    def _carry_out(self, plan: Plan, identity: SigningIdentity) -> PublishedCrl:
        try:
            # Once more, for what came in between; and nothing behind the covered sequence, so that the CRL is the
            # journal up to there and the gate can say so.
            self._entries.apply(plan.issuer, through=plan.covers_sequence)
            if may_use_segments(plan.selection):
                fill_segments(self._database, plan.selection)
            with self._database.read() as connection:
                entries = selected_entries(connection, plan.selection)
                data = build(identity, plan.parameters, entries, self._spool)
        except Exception as error:
            self._record_failure(plan, error)
            raise
        reach("crl.signed")
        return self.make_public(data, plan)

    def make_public(self, data: bytes, plan: Plan) -> PublishedCrl:
        """Let a signed CRL whose number is reserved through the gate, make it public, and record it.

        Raises:
            CrlRejected: when the gate found an error; the last good CRL stays.
            OutletError: when it could not be put where it belongs; the last good CRL stays.
            StoreError: when the database does not answer.
        """
        issuer, scope = plan.issuer, plan.scope
        try:
            crl = inspect(data, plan, self._database, self._rules)
            self._outlet.replace(
                scope.path(issuer), data, number=plan.number, number_of=lambda found: _number_of(found, plan)
            )
        except Exception as error:
            self._record_failure(plan, error)
            raise
        published = self._record(plan, crl)
        reach("crl.recorded")
        _log.info("%s: %s CRL %d is public, with %d entries", issuer.name, scope.name, plan.number, published.entries)
        return published

    def republish(self, data: bytes, issuer: Issuer, scope: Scope, recorded: PublishedCrl) -> None:
        """Make the CRL public again that was recorded as published last, after what was public got lost.

        Raises:
            OutletError: when it could not be put where it belongs, or something newer is there.
            StoreError: when the database does not answer.
        """
        self._outlet.replace(
            scope.path(issuer), data, number=recorded.number, number_of=lambda found: _own(found, issuer)
        )
        with self._database.write() as connection:
            self._audit.record(connection, "crl.put-back", recorded.as_json())

    def read_public(self, issuer: Issuer, scope: Scope) -> PublicCrl | None:
        """What relying parties get now; a run that ended between making public and recording is completed here.

        Raises:
            OutletError: when that cannot be found out.
            StoreError: when the database does not answer.
        """
        public, is_something = public_crl(self._outlet, self._database, issuer, scope)
        if public is None:
            if is_something:
                _log.error("%s: what is public at %s is not this CA's CRL", issuer.name, scope.path(issuer))
            return None
        if public.covers is not None or public.number is None or not 0 <= public.number < NUMBER_LIMIT:
            return public
        with self._database.read() as connection:
            unrecorded = is_unrecorded(connection, issuer, scope, public.number)
        data = self._outlet.fetch(scope.path(issuer)) if unrecorded else None
        crl = None if data is None else own_crl(data, issuer)
        if crl is None or crl.sha256 != public.sha256:
            return public
        with self._database.write() as connection:
            published = record_published(connection, issuer, scope, crl, self._clock.now())
            self._audit.record(connection, "crl.found-published", published.as_json())
        return public_crl(self._outlet, self._database, issuer, scope)[0]

    def _record(self, plan: Plan, crl: ParsedCrl) -> PublishedCrl:
        with self._database.write() as connection:
            published = record_published(connection, plan.issuer, plan.scope, crl, self._clock.now())
            self._audit.record(connection, "crl.published", published.as_json())
        return published

    def _record_failure(self, plan: Plan, error: Exception) -> None:
        """The audit's word of the result; the alarm goes to the log, also when the database is what failed."""
        _log.error("%s: %s CRL %d was not published: %s", plan.issuer.name, plan.scope.name, plan.number, error)
        event, detail = "crl.failed", parameters_of(plan) | {"error": type(error).__name__}
        if isinstance(error, CrlRejected):
            event, detail = "crl.rejected", parameters_of(plan) | {"findings": error.counts}
        try:
            with self._database.write() as connection:
                self._audit.record(connection, event, detail)
        except StoreError:
            _log.exception("%s: the failure could not be recorded", plan.issuer.name)


def _number_of(data: bytes, plan: Plan) -> int | None:
    """The number of what is public; it is known already, unless another publisher was faster."""
    if plan.public is not None and hashlib.sha256(data).digest() == plan.public.sha256:
        return plan.public.number
    return _own(data, plan.issuer)


def _own(data: bytes, issuer: Issuer) -> int | None:
    crl = own_crl(data, issuer)
    return None if crl is None else crl.number
