"""Takes a CRL that was signed elsewhere through the gate, and makes it public.

One that answers a request is held against what was planned then. Any other, such as one of `openssl ca -gencrl`, must
say all that the journal says at this moment; what it says in other octets is `tolerance`'s to let through.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from crl_publisher.config import CrlSettings
from crl_publisher.crl.crl_extensions import NUMBER_LIMIT, CrlParameters
from crl_publisher.crl.reading import ParsedCrl, parse_crl
from crl_publisher.entry_store.selection import uncovered_rows
from crl_publisher.errors import NotInstalled
from crl_publisher.gate.expected_extensions import scope_named_by
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.issuing.numbering import reserve, reserve_again
from crl_publisher.issuing.planning import fix_moment, refuse_after_last, refuse_while_any_is_good
from crl_publisher.plan import Plan, parameters_of
from crl_publisher.public_crl import PublicCrl
from crl_publisher.published import FOR_EVER, PublishedCrl, last_published, reserved_row
from crl_publisher.scope import Scope
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock, iso
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import journal
from pki_revocation.encoding.names import name_text
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers, issuer_named

from .validity import validity_limit


@dataclass(frozen=True, slots=True)
class InstalledCrl:
    """What became public; *uncovered* revocations came too late for it."""

    published: PublishedCrl
    uncovered: int


class CrlInstaller:
    """Makes CRLs public that were signed elsewhere."""

    def __init__(
        self, *, database: Database, clock: Clock, audit: AuditTrail, issuance: CrlIssuance, settings: CrlSettings
    ) -> None:
        """*issuance* has the gate and the outlet; its keys are not asked."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._issuance = issuance
        self._settings = settings

    def install(self, data: bytes, issuer_name: str | None = None) -> InstalledCrl:
        """Make a CRL public.

        Args:
            data: its DER.
            issuer_name: whose it must be; None for the issuer that signed it.

        Raises:
            UnreadableCrl: when it is no CRL.
            NotInstalled: when no issuer here signed it, or it cannot be held against anything.
            LastCrlPublished, NotLastCrl: when a last CRL rules it out.
            CrlRejected: when the gate found an error; the last good CRL stays.
            OutletError, StoreError: when it cannot be put or recorded; the last good CRL stays.
        """
        crl = parse_crl(data)
        with self._database.read() as connection:
            issuer = _issuer(connection, crl, issuer_name)
            scope = scope_named_by(crl, self._issuance.scopes(connection, issuer))
        if scope is None:
            raise NotInstalled(
                "The issuingDistributionPoint of this CRL is that of no CRL that is published here: leave it out for a "
                "CRL of all certificates (RFC 5280 section 5.2.5)."
            )
        self._issuance.prepare(issuer)
        public = self._issuance.predecessors.of(issuer, scope).complete
        with self._database.read() as connection:
            recorded = last_published(connection, issuer, scope)
        if recorded is not None and recorded.sha256 == crl.sha256.hex():
            if public is not None and public.sha256 == crl.sha256:
                raise NotInstalled(f"CRL {recorded.number} of {issuer.name} is public already.")
            self._issuance.release.republish(data, issuer, scope, recorded)
            return self._installed(issuer, scope, recorded)
        with self._database.write() as connection:
            plan = self._plan(connection, crl, issuer, scope, public)
            intent = parameters_of(plan) | {"sha256": crl.sha256.hex(), "requested": not plan.is_foreign}
            self._audit.record(connection, "crl.installing", intent)
        return self._installed(issuer, scope, self._issuance.release.make_public(data, plan))

    def _installed(self, issuer: Issuer, scope: Scope, published: PublishedCrl) -> InstalledCrl:
        with self._database.read() as connection:
            return InstalledCrl(published, uncovered_rows(connection, issuer, scope, published.covers_sequence).count)

    def _plan(
        self, connection: Connection, crl: ParsedCrl, issuer: Issuer, scope: Scope, public: PublicCrl | None
    ) -> Plan:
        """The plan that the gate compares the CRL with, its number reserved.

        Raises:
            NotInstalled: when the CRL does not fit the record or the journal.
        """
        moment, sequence, latest = fix_moment(connection, issuer, self._clock, self._audit)
        recorded = last_published(connection, issuer, scope)
        refuse_after_last(issuer, recorded)
        number, next_update = crl.number, crl.next_update
        if number is None or next_update is None or not 0 <= number < NUMBER_LIMIT:
            raise NotInstalled(
                "This CRL lacks a CRLNumber below 2^159 or a nextUpdate (RFC 5280 sections 5.2.3 and 5.1.2.5): "
                "with OpenSSL, configure crlnumber and crl_extensions."
            )
        if next_update == FOR_EVER:
            refuse_while_any_is_good(connection, issuer, moment)
        limit = validity_limit(connection, issuer, scope, moment)
        row = reserved_row(connection, issuer, scope, number)
        is_requested = row is not None and row.requested_sha256 == hashlib.sha256(crl.data[crl.frame.signed]).digest()
        covers = sequence
        if is_requested and row is not None:
            covers = row.covers_sequence
            _refuse_superseded(connection, issuer, covers, crl.this_update)
        said = CrlParameters(
            number=number,
            this_update=crl.this_update,
            next_update=next_update,
            scope=scope,
            expired_kept_since=issuer.active_since if self._settings.keep_expired else None,
        )
        plan = Plan(
            issuer=issuer,
            parameters=said,
            moment=moment,
            covers_sequence=covers,
            longest_validity=None if next_update == FOR_EVER else limit.longest,
            recorded=recorded,
            public=public,
            keeps_expired=self._settings.keep_expired,
            is_foreign=not is_requested,
            only_authorities=limit.only_authorities,
            latest=latest,
        )
        if not is_requested:
            _reserve(connection, plan, row)
        return plan


def _issuer(connection: Connection, crl: ParsedCrl, name: str | None) -> Issuer:
    """The issuer whose key signed the CRL, whatever its issuer field says: the gate compares that with the certificate.

    Raises:
        NotInstalled: when no registered issuer did, or not the named one.
    """
    known = all_issuers(connection) if name is None else (issuer_named(connection, name),)
    for issuer in known:
        if crl.is_of(issuer):
            return issuer
    who = "no issuer that is registered here" if name is None else f"not {name}"
    raise NotInstalled(
        f"The CRL of {name_text(crl.frame.issuer)} was signed by {who}, or with an algorithm that its key may "
        "not sign with."
    )


def _reserve(connection: Connection, plan: Plan, row: Row[Any] | None) -> None:
    """Reserve the number of another program's CRL; one that was refused before may come again.

    Raises:
        NotInstalled: when the number was taken here for another CRL.
    """
    if row is None:
        reserve(connection, plan)
        return
    said = plan.parameters
    is_another = (row.this_update, row.next_update) != (said.this_update, said.next_update)
    if row.published_at is not None or row.requested_sha256 is not None or is_another:
        raise NotInstalled(f"The number {plan.number} was taken here for another CRL, and a number is used once.")
    reserve_again(connection, plan)


def _refuse_superseded(connection: Connection, issuer: Issuer, covers: int, this_update: datetime) -> None:
    """Nothing that is dated after a revocation may omit it."""
    query = select(func.count(), func.min(journal.c.recorded_at)).where(
        journal.c.issuer_id == issuer.id, journal.c.sequence > covers, journal.c.recorded_at <= this_update
    )
    count, first = connection.execute(query).one()
    if count:
        raise NotInstalled(
            f"Since this CRL was requested {count} entries were written into the journal, the first at {iso(first)}, "
            f"and it is dated {iso(this_update)} without them: make a new request and have that signed."
        )
