"""One publication from beginning to end: follow, apply, plan, build, release.

The journal's head lock is held only while the moment and the covered sequence are read and the number is reserved,
never while anything is signed. A process that ends anywhere in between leaves the last good CRL whole; the next run
takes a higher number, and records what had become public already.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection

from crl_publisher.config import CrlSettings
from crl_publisher.crl.builder import build
from crl_publisher.entry_store.listing import selected_entries
from crl_publisher.entry_store.segments import fill_segments, may_use_segments
from crl_publisher.entry_store.store import EntryStore
from crl_publisher.errors import CrlRejected
from crl_publisher.gate.inspection import GateRules
from crl_publisher.outlets import Outlet
from crl_publisher.plan import Plan
from crl_publisher.public_crl import PublicCrls
from crl_publisher.published import PublishedCrl
from crl_publisher.scope import FULL, Scope, certificate_files
from keys.identity import SigningIdentity
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.host.failpoints import reach
from pki_revocation.journal import read_head
from pki_revocation.model import Issuer

from .planning import Planning
from .predecessor import Predecessor, Predecessors
from .release import Release
from .shards import complete_scopes
from .timing import Timings

_log = logging.getLogger(__name__)
_Published = TypeVar("_Published")


class CrlKeys(Protocol):
    """What gives the CA's identity: the keyring."""

    def crl_identity(self, issuer: Issuer) -> SigningIdentity:
        """The identity that signs this issuer's CRLs.

        Raises:
            UnusableKey: when there is none that can be used now.
        """
        ...


class CrlIssuance:
    """Publishes CRLs; the caller holds the lease."""

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
        """Publish with these parts; nothing is read yet.

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
        rules = GateRules(profile=settings.lint, size_limit=settings.size_limit, size_blocks=settings.size_blocks)
        public = PublicCrls(outlet, database)
        # Issuers whose store was made anew, and whose CRL was refused again: that is no reason to do it each time.
        self._rebuilt_in_vain: set[str] = set()
        self.predecessors = Predecessors(database=database, clock=clock, audit=audit, public=public)
        self.release = Release(database=database, clock=clock, audit=audit, outlet=outlet, rules=rules)

    def prepare(self, issuer: Issuer) -> None:
        """Before the first publication of a process: current encodings, and the CA's certificates beside its CRL.

        Raises:
            OutletError: when a certificate cannot be written.
        """
        self._entries.prepare(issuer)
        for path, der in certificate_files(issuer, self._clock.now()).items():
            self._outlet.put(path, der)

    def certificate_in_use(self, issuer: Issuer) -> bytes:
        """The certificate that the issuer's CRLs are signed under now, in DER."""
        return issuer.certificate_at(self._clock.now()).public_bytes(Encoding.DER)

    def try_key(self, issuer: Issuer) -> None:
        """Find out whether the issuer's key can be used now; nothing is signed.

        Raises:
            UnusableKey: when it cannot.
        """
        self._keys.crl_identity(issuer)

    def rebuild(self, issuer: Issuer) -> int:
        """Make the entry store of an issuer anew from the journal; give the sequence that it then holds."""
        return self._rebuild(issuer, {})

    def _rebuild(self, issuer: Issuer, cause: Mapping[str, int]) -> int:
        sequence = self._entries.rebuild(issuer)
        detail: dict[str, object] = {"issuer": issuer.name, "sequence": sequence}
        if cause:
            detail["findings"] = dict(cause)
        with self._database.write() as connection:
            self._audit.record(connection, "crl.entries-rebuilt", detail)
        return sequence

    def _healing(self, issuer: Issuer, publish: Callable[[], _Published]) -> _Published:
        """Publish; where the gate finds that the list is not the journal's, make the store anew and publish once more.

        The store follows from the journal, so that nothing is lost with it, and relying parties need not wait for an
        operator. The gate has the last word both times.
        """
        try:
            published = publish()
        except CrlRejected as rejected:
            if not rejected.blames_entry_store or issuer.name in self._rebuilt_in_vain:
                raise
            _log.error("%s: the entry store is not what the journal says: it is made anew", issuer.name)
            self._rebuilt_in_vain.add(issuer.name)
            self._rebuild(issuer, rejected.counts)
            published = publish()
            _log.info("%s: the entry store was made anew from the journal, and the CRL is public", issuer.name)
        self._rebuilt_in_vain.discard(issuer.name)
        return published

    def scopes(self, connection: Connection, issuer: Issuer) -> tuple[Scope, ...]:
        """All complete CRLs that an issuer has."""
        return complete_scopes(connection, issuer, self._settings)

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
        return self._healing(issuer, lambda: self._publish(issuer, scope, last=last))

    def _publish(self, issuer: Issuer, scope: Scope, *, last: bool) -> PublishedCrl:
        identity = self._keys.crl_identity(issuer)
        before = self.predecessors.of(issuer, scope)
        self._catch_up(issuer)
        plan = self._planning.complete(issuer, scope, before, identity, last=last)
        published = self._carry_out(plan, identity)
        if plan.parameters.freshest is not None:
            self._publish_delta(issuer, scope, before, identity, beside=published)
        return published

    def publish_delta(self, issuer: Issuer, scope: Scope = FULL) -> PublishedCrl | None:
        """Make a new delta to the complete CRL of *scope* public; None when there is no base yet.

        Raises:
            as `publish` says.
        """

        def publish() -> PublishedCrl | None:
            identity = self._keys.crl_identity(issuer)
            before = self.predecessors.of(issuer, scope)
            self._catch_up(issuer)
            return self._publish_delta(issuer, scope, before, identity, beside=None)

        return self._healing(issuer, publish)

    def _catch_up(self, issuer: Issuer) -> None:
        """Apply the bulk of the journal, in transactions of its own: the plan's lock must not wait for it.

        To the sequence that stands now and no further: in a flood of revocations the journal's end moves on as fast as
        it is followed, and a CRL that ran after it would come when the flood is over.
        """
        with self._database.read() as connection:
            stands = read_head(connection, issuer.id).sequence
        self._entries.apply(issuer, through=stands)

    def _publish_delta(
        self,
        issuer: Issuer,
        scope: Scope,
        before: Predecessor,
        identity: SigningIdentity,
        beside: PublishedCrl | None,
    ) -> PublishedCrl | None:
        plan = self._planning.delta(issuer, scope, before, identity, beside=beside)
        return None if plan is None else self._carry_out(plan, identity)

    def _carry_out(self, plan: Plan, identity: SigningIdentity) -> PublishedCrl:
        with self.release.telling_failure(plan):
            data = self._build(plan, identity)
        reach("crl.signed")
        return self.release.make_public(data, plan)

    def _build(self, plan: Plan, identity: SigningIdentity) -> bytes:
        # Once more, for what came in between; and nothing behind the covered sequence, so that the CRL is the journal
        # up to there and the gate can say so.
        self._entries.apply(plan.issuer, through=plan.covers_sequence)
        if may_use_segments(plan.selection):
            fill_segments(self._database, plan.selection)
        with self._database.read() as connection:
            return build(identity, plan.parameters, selected_entries(connection, plan.selection), self._spool)
