"""Which of the stored entries a CRL lists, and those entries in large portions.

An entry goes once a CRL that was issued beyond its certificate's validity has listed it (RFC 5280 section 3.3; BR
4.10.1). A delta lists what changed behind its base (RFC 5280 section 5.2.4).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, and_, or_, select

from pki_revocation.bulk_reading import portions
from pki_revocation.model import Issuer
from pki_revocation.schema import certificates, crl_entries, crl_projections, journal

from .errors import Overtaken
from .scope import Part, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What one CRL is to list.

    *covers* is the journal's sequence that the store must hold, no less and no more. *expired_before* is thisUpdate of
    the last published CRL, or of an older one that is public again; None to keep everything. *listed_upto* is the
    sequence that these CRLs cover: later rows were not on them. *behind* is what a delta's base covers.
    """

    issuer_id: int
    scope: Scope
    covers: int
    expired_before: datetime | None
    listed_upto: int
    behind: int | None = None


def selected_entries(connection: Connection, selection: Selection) -> Iterator[bytes]:
    """The entries one after the other, thousands of them in each portion, in the order of shards and serials.

    Raises:
        Overtaken: when the store does not hold what the selection covers: another publisher works on it.
    """
    query = select(crl_projections.c.sequence).where(crl_projections.c.issuer_id == selection.issuer_id)
    held = connection.execute(query).scalar_one_or_none()
    if held != selection.covers:
        raise Overtaken(selection.covers, held or 0)
    ordered = _entries(selection).order_by(crl_entries.c.shard, crl_entries.c.serial)
    for rows in portions(connection, ordered):
        yield b"".join([entry for (entry,) in rows])


def is_touched(connection: Connection, issuer: Issuer, scope: Scope, after_sequence: int) -> bool:
    """Whether the journal has rows behind this sequence that belong on this scope's CRL."""
    rows = journal.c
    query = select(rows.sequence).where(rows.issuer_id == issuer.id, rows.sequence > after_sequence)
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
    return connection.execute(query.limit(1)).first() is not None


def _entries(selection: Selection) -> Select[tuple[bytes]]:
    entries = crl_entries.c
    query = select(entries.entry).where(entries.issuer_id == selection.issuer_id)
    match selection.scope.part:
        case Part.SHARD:
            query = query.where(entries.shard == selection.scope.shard)
        case Part.CA:
            query = query.where(entries.is_ca)
        case Part.USERS:
            query = query.where(~entries.is_ca)
    if selection.behind is not None:
        return query.where(entries.serial.in_(_recorded_behind(selection.issuer_id, selection.behind)))
    if selection.expired_before is None:
        return query
    not_listed_yet = _recorded_behind(selection.issuer_id, selection.listed_upto)
    return query.where(or_(entries.not_after >= selection.expired_before, entries.serial.in_(not_listed_yet)))


def _recorded_behind(issuer_id: int, sequence: int) -> Select[tuple[int]]:
    return select(journal.c.serial).where(and_(journal.c.issuer_id == issuer_id, journal.c.sequence > sequence))
