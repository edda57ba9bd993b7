"""A journal's head that a wrong clock moved into the future is taken back to the present, and the audit trail has it.

The head's moment is no revocation's: rows stay as they were recorded. What is dated next, by the present, then lies
before rows that were dated ahead. Those are revoked all the same: OCSP says so with the answer's own date until theirs
has come, and CRLs list them.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock, iso
from pki_revocation.database.sound_clock import judgement
from pki_revocation.model import Issuer

from .issuers import all_issuers

TAKEN_BACK = "journal.head-taken-back"


def record_taken_back(
    connection: Connection,
    audit: AuditTrail,
    issuer: Issuer,
    head: journal.JournalHead,
    moment: datetime,
    personal: Mapping[str, str] | None = None,
) -> None:
    """Record that the head was moved to an earlier moment, if that is so."""
    if moment < head.last_at:
        detail = {"issuer": issuer.name, "from": iso(head.last_at), "to": iso(moment)}
        audit.record(connection, TAKEN_BACK, detail, personal=personal)


def wrong_heads(connection: Connection, clock: Clock, *, certain: bool = True) -> tuple[tuple[Issuer, datetime], ...]:
    """The issuers whose head lies in the future, with its moment: for certain, or beyond what the clocks say now."""
    known = judgement(clock)
    if certain and not known.agreed:
        return ()
    limit = known.latest if known.agreed else known.moment
    heads = ((issuer, journal.read_head(connection, issuer.id).last_at) for issuer in all_issuers(connection))
    return tuple((issuer, last_at) for issuer, last_at in heads if last_at > limit)


def take_back_heads(
    connection: Connection,
    audit: AuditTrail,
    clock: Clock,
    *,
    certain: bool = True,
    personal: Mapping[str, str] | None = None,
) -> tuple[tuple[Issuer, datetime], ...]:
    """Take back each head that `wrong_heads` finds, under its lock; give what they were."""
    found = wrong_heads(connection, clock, certain=certain)
    for issuer, _ in found:
        head = journal.lock_head(connection, issuer.id)
        moment = judgement(clock).moment
        if moment < head.last_at:
            journal.move_head(connection, issuer.id, head.sequence, moment)
            record_taken_back(connection, audit, issuer, head, moment, personal)
    return found
