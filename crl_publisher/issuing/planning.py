"""Fixes what the next CRL says: moment, covered sequence and number under the journal's head lock, audited."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, exists, func, select

from crl_publisher.config import CrlSettings
from crl_publisher.crl.crl_extensions import CrlParameters
from crl_publisher.errors import LastCrlInFuture, LastCrlPublished, NotLastCrl
from crl_publisher.plan import Plan, parameters_of
from crl_publisher.public_crl import PublicCrl
from crl_publisher.published import FOR_EVER, PublishedCrl, last_before, last_published
from crl_publisher.scope import Scope
from keys.identity import SigningIdentity
from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock, iso
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.database.schema import journal as journal_table
from pki_revocation.database.sound_clock import judgement
from pki_revocation.model import Issuer
from pki_revocation.register.journal_heads import record_taken_back

from .numbering import highest_reserved, next_number, reserve
from .predecessor import Predecessor
from .timing import Timing, Timings

_SECOND = timedelta(seconds=1)


class FixedMoment(NamedTuple):
    """The *moment* of a CRL that is issued now, and the journal's sequence that it *covers*.

    What is dated after *latest* was dated by a clock that was ahead; None where no second clock vouches for that.
    """

    moment: datetime
    covers: int
    latest: datetime | None


class Planning:
    """Makes plans; each reserves its number."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit: AuditTrail,
        timings: Timings,
        settings: CrlSettings,
        public_url: str,
    ) -> None:
        """All that it needs, as arguments; *public_url* is what the addresses of CRLs begin with."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._timings = timings
        self._settings = settings
        self._public_url = public_url.rstrip("/")

    def complete(
        self,
        issuer: Issuer,
        scope: Scope,
        before: Predecessor,
        identity: SigningIdentity,
        *,
        last: bool = False,
    ) -> Plan:
        """The next complete CRL.

        Args:
            issuer: whose.
            scope: which.
            before: what relying parties get now.
            identity: signs it.
            last: whether it is the CA's last one, good for ever.

        Raises:
            ClockBehindJournal, LastCrlInFuture: when the clock was ahead once, or is behind now.
            LastCrlPublished, NotLastCrl: when a last CRL is out, or would leave good certificates behind.
        """
        with self._database.write() as connection:
            recorded = last_published(connection, issuer, scope)
            fixed = fix_moment(connection, issuer, self._clock, self._audit, follows=(recorded, before.complete))
            moment, covers, latest = fixed
            refuse_after_last(issuer, recorded)
            if last:
                refuse_while_any_is_good(connection, issuer, moment)
            timing = self._timings.in_force(connection, issuer, moment)
            this_update, next_update = _validity(timing, fixed, recorded, before.complete)
            said = CrlParameters(
                number=self._next_number(connection, issuer, scope, before, moment),
                this_update=this_update,
                next_update=FOR_EVER if last else next_update,
                scope=scope,
                freshest=self._address(issuer, scope.delta) if timing.has_deltas and not last else None,
                next_publish=timing.next_publication(moment) if self._settings.next_publish and not last else None,
                expired_kept_since=issuer.active_since if self._settings.keep_expired else None,
            )
            plan = Plan(
                issuer=issuer,
                parameters=said,
                moment=moment,
                covers_sequence=covers,
                longest_validity=None if last else timing.longest_validity,
                recorded=recorded,
                public=before.complete,
                keeps_expired=self._settings.keep_expired,
                latest=latest,
            )
            self._reserve(connection, plan, identity)
        return plan

    def delta(
        self,
        issuer: Issuer,
        scope: Scope,
        before: Predecessor,
        identity: SigningIdentity,
        *,
        beside: PublishedCrl | None,
    ) -> Plan | None:
        """The next delta to the complete CRLs of *scope*; None when there is none to refer to.

        It refers to a complete CRL that has been public for long enough to be in most caches. One that comes *beside*
        a complete CRL has its number, its thisUpdate and what it covers (RFC 5280 section 5.2.4).

        Raises:
            as `complete` says.
        """
        with self._database.write() as connection:
            recorded = last_published(connection, issuer, scope.delta)
            fixed = fix_moment(connection, issuer, self._clock, self._audit, follows=(recorded, before.delta, beside))
            moment, covers, latest = fixed
            timing = self._timings.in_force(connection, issuer, moment)
            complete = last_published(connection, issuer, scope)
            base = last_before(connection, issuer, scope, moment - timing.base_age)
            # Only what is older than a delta can be combined with it, and nothing follows a last CRL.
            if (
                complete is None
                or complete.is_last
                or base is None
                or (beside is not None and base.number >= beside.number)
            ):
                return None
            if beside is None:
                number = self._next_number(connection, issuer, scope.delta, before, moment)
            else:
                number, covers = beside.number, beside.covers_sequence
            this_update, next_update = _validity(
                timing,
                fixed,
                recorded,
                before.delta,
                delta=True,
                dated=None if beside is None else beside.this_update,
            )
            said = CrlParameters(
                number=number,
                this_update=this_update,
                next_update=next_update,
                scope=scope.delta,
                base_number=base.number,
            )
            plan = Plan(
                issuer=issuer,
                parameters=said,
                moment=moment,
                covers_sequence=covers,
                longest_validity=timing.longest_validity,
                recorded=recorded,
                public=before.delta,
                base=base,
                latest=latest,
            )
            self._reserve(connection, plan, identity)
        return plan

    def _next_number(
        self,
        connection: Connection,
        issuer: Issuer,
        scope: Scope,
        before: Predecessor,
        moment: datetime,
    ) -> int:
        """A number above those of all complete CRLs and deltas of the scope, reserved or public."""
        reserved = highest_reserved(connection, issuer, scope)
        return next_number(reserved=reserved, published=before.number, moment=moment)

    def _reserve(self, connection: Connection, plan: Plan, identity: SigningIdentity) -> None:
        if plan.parameters.this_update > plan.moment:
            # A revocation may have taken the journal's head back to the present since.
            raise LastCrlInFuture(iso(plan.parameters.this_update), iso(plan.moment))
        reserve(connection, plan)
        intent = parameters_of(plan) | {"key": identity.subject_key_identifier.hex()}
        self._audit.record(connection, "crl.signing", intent)

    def _address(self, issuer: Issuer, scope: Scope) -> str:
        return f"{self._public_url}/{scope.path(issuer)}"


def _validity(
    timing: Timing,
    fixed: FixedMoment,
    recorded: PublishedCrl | None,
    public: PublicCrl | None,
    *,
    delta: bool = False,
    dated: datetime | None = None,
) -> tuple[datetime, datetime]:
    """The thisUpdate and nextUpdate of the CRL.

    Neither goes backwards, whatever the schedule became (RFC 5280 section 5.1.2.5); but a thisUpdate after the *fixed*
    moment's *latest* was written by a clock that was ahead, and is not followed. *dated* is the thisUpdate of the
    complete CRL that a delta comes with.
    """
    earlier = [each for each in (recorded, public) if each is not None]
    latest = fixed.latest
    followed = [each.this_update for each in earlier if latest is None or each.this_update <= latest]
    this_update = max([dated or fixed.moment - timing.backdate, *followed])
    promised = [each.next_update for each in earlier if each.next_update is not None]
    next_update = max([timing.next_update(this_update, delta=delta), *promised])
    return this_update, min(next_update, this_update + timing.longest_validity - _SECOND)


def fix_moment(
    connection: Connection,
    issuer: Issuer,
    clock: Clock,
    audit: AuditTrail,
    *,
    follows: Iterable[PublishedCrl | PublicCrl | None] = (),
) -> FixedMoment:
    """When the CRL is issued and what it covers, both under the head's lock; no earlier than what it *follows*.

    Raises:
        ClockBehindJournal: when the clock was ahead once, or is behind now, and nothing tells which.
    """
    # Revocations are dated under this lock, and dated no earlier than the head's last moment. With the lock held, the
    # head covers all that is dated up to this moment, and more where a revocation is dated later; with the head moved
    # to it, whatever is revoked from now on is dated no earlier. So a CRL omits nothing that is dated before it,
    # however long its signature takes, and is not dated ahead because a revocation was.
    head = journal.lock_head(connection, issuer.id)
    journal.refuse_far_future(head, clock)
    known = judgement(clock)
    followed = [each.this_update for each in follows if each is not None and each.this_update <= known.latest]
    moment = max([known.moment, *followed])
    last_at = moment if journal.is_wrong(head, known) else max(moment, head.last_at)
    journal.move_head(connection, issuer.id, head.sequence, last_at)
    record_taken_back(connection, audit, issuer, head, last_at)
    return FixedMoment(moment, head.sequence, known.latest if known.agreed else None)


def refuse_after_last(issuer: Issuer, recorded: PublishedCrl | None) -> None:
    """No CRL follows a CA's last one.

    Raises:
        LastCrlPublished: when the one that was published last is that.
    """
    if recorded is not None and recorded.is_last:
        raise LastCrlPublished(f"CRL {recorded.number} of {issuer.name} is its last one: none can follow it.")


def refuse_while_any_is_good(connection: Connection, issuer: Issuer, moment: datetime) -> None:
    """ETSI EN 319 411-1 CSS-6.3.9-06: the last CRL comes when no certificate in its scope is good any more.

    Raises:
        NotLastCrl: with the number of those that are.
    """
    revoked = exists().where(
        journal_table.c.issuer_id == certificates.c.issuer_id, journal_table.c.serial == certificates.c.serial
    )
    query = select(func.count()).where(
        certificates.c.issuer_id == issuer.id, certificates.c.not_after >= moment, ~revoked
    )
    good = connection.execute(query).scalar_one()
    if good:
        raise NotLastCrl(
            f"{issuer.name} has {good} certificates that are neither revoked nor expired: its last CRL would be good "
            "for ever, and could never list them. Revoke them first."
        )
