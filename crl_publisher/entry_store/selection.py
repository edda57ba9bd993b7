"""Which of the stored entries a CRL lists.

An entry goes once a CRL that was issued beyond its certificate's validity has listed it (RFC 5280 section 3.3; BR
4.10.1). A delta lists what changed behind its base (RFC 5280 section 5.2.4).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from crl_publisher.scope import Part, Scope
from pki_revocation.database.schema import certificates, crl_entries, journal
from pki_revocation.model import Issuer


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What one CRL is to list.

    *covers* is the journal's sequence that the store must hold, no less and no more. *expired_before* is thisUpdate of
    the last published CRL, or of an older one that is public again; None to keep everything. *listed_through* is the
    sequence that these CRLs cover: later rows were not on them. *after* is what a delta's base covers.
    """

    issuer_id: int
    scope: Scope
    covers: int
    expired_before: datetime | None
    listed_through: int
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Rows of the journal that no CRL of a scope has: how many, and when the first of them was recorded."""

    count: int = 0
    first_at: datetime | None = None


def uncovered_rows(connection: Connection, issuer: Issuer, scope: Scope, covered: int) -> Uncovered:
    """The journal's rows that belong on this scope's CRL and have a sequence above *covered*: all of them for 0."""
    rows = rows_after(issuer, scope, covered).subquery()
    count, first = connection.execute(select(func.count(), func.min(rows.c.recorded_at))).one()
    return Uncovered(count, first)


def rows_after(issuer: Issuer, scope: Scope, after_sequence: int) -> Select[tuple[int, datetime]]:
    """Sequence and moment of recording of the journal's rows behind a sequence that belong on this scope's CRL."""
    rows = journal.c
    query = select(rows.sequence, rows.recorded_at).where(rows.issuer_id == issuer.id, rows.sequence > after_sequence)
    if scope.part is not Part.ALL:
        registered = and_(certificates.c.issuer_id == rows.issuer_id, certificates.c.serial == rows.serial)
        query = query.join(certificates, registered)
        match scope.part:
            case Part.SHARD:
                query = query.where(certificates.c.shard == scope.shard)
            case Part.CA:
                query = query.where(certificates.c.is_ca)
            case Part.USERS:
                query = query.where(~certificates.c.is_ca)
    return query


def listed_entries(selection: Selection, *columns: ColumnElement[Any]) -> Select[Any]:
    """The stored entries that a selection lists, as columns of their table."""
    entries = crl_entries.c
    query = select(*columns).where(entries.issuer_id == selection.issuer_id)
    match selection.scope.part:
        case Part.SHARD:
            query = query.where(entries.shard == selection.scope.shard)
        case Part.CA:
            query = query.where(entries.is_ca)
        case Part.USERS:
            query = query.where(~entries.is_ca)
    if selection.after is not None:
        return query.where(entries.serial.in_(_recorded_after(selection, selection.after)))
    if selection.expired_before is None:
        return query
    not_listed_yet = _recorded_after(selection, selection.listed_through)
    return query.where(or_(entries.not_after >= selection.expired_before, entries.serial.in_(not_listed_yet)))


def _recorded_after(selection: Selection, sequence: int) -> Select[tuple[int]]:
    """The serials with a row above *sequence* and up to what is covered: a later raise would list an old entry."""
    rows = journal.c
    return select(rows.serial).where(
        rows.issuer_id == selection.issuer_id, rows.sequence > sequence, rows.sequence <= selection.covers
    )
