"""Makes CRL signing requests: planned, numbered and audited like any CRL, and signed on another machine.

A request covers the journal up to the moment in which it is made. Its thisUpdate may lie ahead, for a ceremony that is
planned; whatever is revoked until then makes it worthless, and installing it says so.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from crl_publisher.config import CrlSettings
from crl_publisher.crl.builder import to_be_signed
from crl_publisher.crl.crl_extensions import CrlParameters
from crl_publisher.entry_store.listing import selected_entries
from crl_publisher.entry_store.progress import wanting
from crl_publisher.entry_store.store import EntryStore
from crl_publisher.errors import LastCrlInFuture
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.issuing.numbering import give_away, highest_reserved, next_number, reserve
from crl_publisher.issuing.planning import fix_moment, refuse_after_last, refuse_while_any_is_good
from crl_publisher.plan import Plan, parameters_of
from crl_publisher.public_crl import PublicCrl
from crl_publisher.published import FOR_EVER, last_published
from crl_publisher.scope import FULL, Scope
from keys.algorithms import SignatureName, algorithm_for
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock, iso
from pki_revocation.config.sections import duration_text
from pki_revocation.database.engine import Database
from pki_revocation.errors import PkiError
from pki_revocation.model import Issuer

from .signing_request import SigningRequest
from .validity import ValidityLimit, validity_limit

_SECOND = timedelta(seconds=1)
# A number is taken and a moment fixed long before the CA signs: further ahead it is not known what will be revoked.
FURTHEST_AHEAD = timedelta(days=31)


class ImpossibleRequest(PkiError):
    """What was asked for cannot be a CRL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedCrl:
    """Which CRL is asked for.

    *validity* goes from thisUpdate to nextUpdate, the last second included, and is the usual one for None;
    *this_update* is when it is to be signed, the present for None; *is_last* asks for the CA's last one, good for ever;
    *signature* is what an RSA key is to sign with, PKCS#1 v1.5 with SHA-256 for None.
    """

    scope: Scope = FULL
    validity: timedelta | None = None
    this_update: datetime | None = None
    is_last: bool = False
    signature: SignatureName | None = None


class SigningRequests:
    """Makes requests of the CRLs that this machine cannot sign."""

    def __init__(
        self, *, database: Database, clock: Clock, audit: AuditTrail, issuance: CrlIssuance, settings: CrlSettings
    ) -> None:
        """*issuance* knows what is public; its keys are not asked."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._issuance = issuance
        self._settings = settings
        self._entries = EntryStore(database)

    def request(self, issuer: Issuer, wanted: RequestedCrl) -> SigningRequest:
        """Reserve a number for a CRL of an issuer, and give what is to be signed with it.

        Raises:
            UnusableKey: for a signature that is not for such a key.
            ImpossibleRequest: for a validity or a moment that no CRL may have.
            ClockBehindJournal, LastCrlInFuture: when the clock was ahead once, or is behind now.
            LastCrlPublished, NotLastCrl: when a last CRL rules it out.
            SupersededCrl: when another process works on the entries.
            OutletError, StoreError: when what is public or the database cannot be read.
        """
        scope = wanted.scope
        certificate = issuer.certificate_at(self._clock.now())
        algorithm = algorithm_for(certificate, wanted.signature)
        self._entries.prepare(issuer)
        public = self._issuance.predecessors.of(issuer, scope).complete
        self._entries.apply(issuer)
        self._heal_store(issuer)
        with self._database.write() as connection:
            plan = self._plan(connection, issuer, wanted, public)
            reserve(connection, plan)
            self._audit.record(connection, "crl.requesting", parameters_of(plan))
        self._entries.apply(issuer, through=plan.covers_sequence)
        with self._database.read() as connection:
            entries = list(selected_entries(connection, plan.selection))
        request = SigningRequest(to_be_signed(certificate, algorithm.identifier, plan.parameters, entries))
        digest = hashlib.sha256(request.to_be_signed)
        with self._database.write() as connection:
            give_away(connection, plan, digest.digest())
            detail = {
                "issuer": issuer.name,
                "scope": scope.name,
                "number": plan.number,
                "to_be_signed_sha256": digest.hexdigest(),
            }
            self._audit.record(connection, "crl.requested", detail)
        return request

    def _heal_store(self, issuer: Issuer) -> None:
        """Make the entries anew where some are missing: the gate would find it when the ceremony is over."""
        with self._database.read() as connection:
            held, due = wanting(connection, issuer.id)
        if held != due:
            self._issuance.rebuild(issuer)

    def _plan(self, connection: Connection, issuer: Issuer, wanted: RequestedCrl, public: PublicCrl | None) -> Plan:
        scope = wanted.scope
        recorded = last_published(connection, issuer, scope)
        moment, covers, latest = fix_moment(connection, issuer, self._clock, self._audit, follows=(recorded, public))
        refuse_after_last(issuer, recorded)
        if wanted.is_last:
            refuse_while_any_is_good(connection, issuer, moment)
        limit = validity_limit(connection, issuer, scope, moment)
        begin = _beginning(wanted.this_update, moment)
        for earlier in (recorded, public):
            ahead = earlier is not None and latest is not None and earlier.this_update > latest
            if earlier is not None and earlier.this_update > begin and not ahead:
                raise LastCrlInFuture(iso(earlier.this_update), iso(begin))
        reserved = highest_reserved(connection, issuer, scope)
        said = CrlParameters(
            number=next_number(reserved=reserved, published=None if public is None else public.number, moment=moment),
            this_update=begin,
            next_update=FOR_EVER if wanted.is_last else begin + _validity(wanted.validity, limit) - _SECOND,
            scope=scope,
            expired_kept_since=issuer.active_since if self._settings.keep_expired else None,
        )
        return Plan(
            issuer=issuer,
            parameters=said,
            moment=moment,
            covers_sequence=covers,
            longest_validity=None if wanted.is_last else limit.longest,
            recorded=recorded,
            public=public,
            keeps_expired=self._settings.keep_expired,
            only_authorities=limit.only_authorities,
            latest=latest,
        )


def _beginning(asked: datetime | None, moment: datetime) -> datetime:
    if asked is None:
        return moment
    if asked < moment:
        raise ImpossibleRequest(
            f"thisUpdate {iso(asked)} lies in the past: leave it out for {iso(moment)}, or give the moment of "
            "the ceremony."
        )
    if asked > moment + FURTHEST_AHEAD:
        raise ImpossibleRequest(
            f"thisUpdate {iso(asked)} is more than {duration_text(FURTHEST_AHEAD)} ahead: it is not known what will be "
            "revoked until then. Make the request later."
        )
    return asked


def _validity(asked: timedelta | None, limit: ValidityLimit) -> timedelta:
    if asked is None:
        return limit.usual
    if not _SECOND < asked <= limit.longest:
        raise ImpossibleRequest(
            f"A validity of {duration_text(asked)} cannot be: it may be {duration_text(limit.longest)} at most "
            f"({limit.clause})."
        )
    return asked
