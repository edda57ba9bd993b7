"""The record of CRLs: what was published when, and what it covers."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from crl_publisher.crl.reading import ParsedCrl
from pki_revocation.clock import iso
from pki_revocation.database.schema import crls
from pki_revocation.model import Issuer

from .scope import FULL, Scope

# RFC 5280 section 4.1.2.5: no well-defined end.
FOR_EVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCrl:
    """A CRL that is or was public.

    *covers_sequence* is the journal's sequence up to which every revocation is in it, *sha256* in hexadecimal,
    *base_number* a delta's base.
    """

    issuer: str
    scope: str
    number: int
    base_number: int | None
    this_update: datetime
    next_update: datetime
    covers_sequence: int
    entries: int
    size: int
    sha256: str
    published_at: datetime

    @property
    def is_last(self) -> bool:
        """Whether it is a CA's last CRL, good for ever (ETSI EN 319 411-1 CSS-6.3.9-06)."""
        return self.next_update == FOR_EVER

    def as_json(self) -> dict[str, object]:
        """The fields as commands print them."""
        return {
            "issuer": self.issuer,
            "scope": self.scope,
            "number": self.number,
            **({} if self.base_number is None else {"base_number": self.base_number}),
            "this_update": iso(self.this_update),
            "next_update": iso(self.next_update),
            "covers_sequence": self.covers_sequence,
            "entries": self.entries,
            "size": self.size,
            "sha256": self.sha256,
            "published_at": iso(self.published_at),
        }


def last_published(connection: Connection, issuer: Issuer, scope: Scope = FULL) -> PublishedCrl | None:
    """The one with the highest number that was recorded as published, or None."""
    return next(iter(published(connection, issuer, scope, limit=1)), None)


def published(connection: Connection, issuer: Issuer, scope: Scope = FULL, *, limit: int) -> tuple[PublishedCrl, ...]:
    """At most *limit* published CRLs of a scope, by number, the highest first."""
    query = select(crls).where(
        crls.c.issuer_id == issuer.id, crls.c.scope == scope.name, crls.c.published_at.is_not(None)
    )
    # Numbers never go back, and a clock may: what was dated ahead is not the last for that.
    rows = connection.execute(query.order_by(crls.c.number.desc()).limit(limit))
    return tuple(_published(issuer, row) for row in rows)


def lately_published(
    connection: Connection, issuer: Issuer, scope_name: str | None = None, *, limit: int
) -> tuple[PublishedCrl, ...]:
    """The last ones by their dates, as people look them up: of every scope, or of the one with this name."""
    query = select(crls).where(crls.c.issuer_id == issuer.id, crls.c.published_at.is_not(None))
    if scope_name is not None:
        query = query.where(crls.c.scope == scope_name)
    rows = connection.execute(query.order_by(crls.c.published_at.desc(), crls.c.number.desc()).limit(limit))
    return tuple(_published(issuer, row) for row in rows)


def published_between(
    connection: Connection, issuer: Issuer, begin: datetime, end: datetime, scope: Scope = FULL
) -> tuple[PublishedCrl, ...]:
    """Those of a scope that became public from *begin* to *end*, in the order in which they did."""
    query = select(crls).where(
        crls.c.issuer_id == issuer.id, crls.c.scope == scope.name, crls.c.published_at.between(begin, end)
    )
    rows = connection.execute(query.order_by(crls.c.published_at, crls.c.number))
    return tuple(_published(issuer, row) for row in rows)


def last_before(connection: Connection, issuer: Issuer, scope: Scope, moment: datetime) -> PublishedCrl | None:
    """The latest that was public at a moment already; the first of all where none was; None where none ever was."""
    query = select(crls).where(
        crls.c.issuer_id == issuer.id, crls.c.scope == scope.name, crls.c.published_at.is_not(None)
    )
    row = connection.execute(
        query.where(crls.c.published_at <= moment).order_by(crls.c.number.desc()).limit(1)
    ).one_or_none()
    if row is None:
        row = connection.execute(query.order_by(crls.c.number).limit(1)).one_or_none()
    return None if row is None else _published(issuer, row)


def published_as(connection: Connection, issuer: Issuer, scope: Scope, sha256: bytes) -> PublishedCrl | None:
    """The CRL of the scope with this SHA-256, if it was recorded as published; else None."""
    query = select(crls).where(
        crls.c.issuer_id == issuer.id,
        crls.c.scope == scope.name,
        crls.c.sha256 == sha256,
        crls.c.published_at.is_not(None),
    )
    row = connection.execute(query.order_by(crls.c.number.desc()).limit(1)).one_or_none()
    return None if row is None else _published(issuer, row)


def is_unrecorded(connection: Connection, issuer: Issuer, scope: Scope, number: int) -> bool:
    """Whether this number was reserved here and never recorded as published."""
    query = select(crls.c.number).where(
        crls.c.issuer_id == issuer.id,
        crls.c.scope == scope.name,
        crls.c.number == number,
        crls.c.published_at.is_(None),
    )
    return connection.execute(query).first() is not None


def reserved_row(connection: Connection, issuer: Issuer, scope: Scope, number: int) -> Row[Any] | None:
    """The record's whole row of a number, published or not; None where the number was never reserved."""
    query = select(crls).where(crls.c.issuer_id == issuer.id, crls.c.scope == scope.name, crls.c.number == number)
    return connection.execute(query).one_or_none()


def record_published(
    connection: Connection, issuer: Issuer, scope: Scope, crl: ParsedCrl, published_at: datetime
) -> PublishedCrl:
    """Write into the row that was reserved for this CRL's number that it is public."""
    row = connection.execute(
        update(crls)
        .where(crls.c.issuer_id == issuer.id, crls.c.scope == scope.name, crls.c.number == crl.number)
        .values(entries=len(crl), size=len(crl.data), sha256=crl.sha256, published_at=published_at)
        .returning(*crls.c)
    ).one()
    return _published(issuer, row)


def _published(issuer: Issuer, row: Row[Any]) -> PublishedCrl:
    return PublishedCrl(
        issuer=issuer.name,
        scope=row.scope,
        number=row.number,
        base_number=row.base_number,
        this_update=row.this_update,
        next_update=row.next_update,
        covers_sequence=row.covers_sequence,
        entries=row.entries,
        size=row.size,
        sha256=row.sha256.hex(),
        published_at=row.published_at,
    )
