"""The figures of the overview, as of one moment of the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, func, select

from pki_revocation.database.schema import certificates, crls, issuers, journal, journal_heads
from pki_revocation.model import Channel, EntryKind, moment_of
from pki_revocation.reasons import RevocationReason

LATEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerLine:
    """An issuer, where its journal stands, and how many certificates it has: all, and those revoked."""

    name: str
    is_default: bool
    sequence: int
    last_at: datetime
    certificates: int
    revoked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationLine:
    """A journal row, with whose certificate it is about."""

    issuer: str
    sequence: int
    kind: EntryKind
    serial: int
    organisation: str
    at: datetime
    reason: RevocationReason
    channel: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlLine:
    """A CRL that was published; *overdue* when its nextUpdate has passed and it is still the newest of its scope."""

    issuer: str
    scope: str
    number: int
    this_update: datetime
    next_update: datetime
    covers_sequence: int
    entries: int
    size: int
    published_at: datetime
    overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All figures of the page, as of one moment."""

    issuers: tuple[IssuerLine, ...]
    revocations: tuple[RevocationLine, ...]
    crls: tuple[CrlLine, ...]


def read_overview(connection: Connection, now: datetime) -> Overview:
    """Read it in the caller's transaction; *now* tells which CRLs are overdue."""
    return Overview(
        issuers=_issuers(connection),
        revocations=_revocations(connection),
        crls=_crls(connection, now),
    )


def _issuers(connection: Connection) -> tuple[IssuerLine, ...]:
    held = _count_by_issuer(connection, certificates.c.issuer_id)
    # The unique index allows one revocation for each certificate, so rows are certificates.
    revoked = _count_by_issuer(connection, journal.c.issuer_id, journal.c.kind == EntryKind.REVOCATION.value)
    rows = connection.execute(
        select(issuers.c.id, issuers.c.name, issuers.c.is_default, journal_heads.c.sequence, journal_heads.c.last_at)
        .join(journal_heads, journal_heads.c.issuer_id == issuers.c.id)
        .order_by(issuers.c.id)
    )
    return tuple(
        IssuerLine(
            name=row.name,
            is_default=row.is_default,
            sequence=row.sequence,
            last_at=row.last_at,
            certificates=held.get(row.id, 0),
            revoked=revoked.get(row.id, 0),
        )
        for row in rows
    )


def _count_by_issuer(connection: Connection, column: Any, *conditions: Any) -> dict[int, int]:  # noqa: ANN401 - SQLAlchemy expressions
    rows = connection.execute(select(column, func.count()).where(*conditions).group_by(column))
    return {issuer_id: count for issuer_id, count in rows}  # noqa: C416 - rows are no pairs to the type checker


def _revocations(connection: Connection) -> tuple[RevocationLine, ...]:
    # Issuer by issuer, because the latest rows of one journal are found by its key, however long it is.
    ids = connection.execute(select(issuers.c.id).order_by(issuers.c.id)).scalars().all()
    lines = [line for issuer_id in ids for line in _latest(connection, issuer_id)]
    return tuple(sorted(lines, key=attrgetter("at"), reverse=True)[:LATEST])


def _latest(connection: Connection, issuer_id: int) -> Iterator[RevocationLine]:
    rows = connection.execute(
        select(journal, issuers.c.name, certificates.c.organisation)
        .join(issuers, issuers.c.id == journal.c.issuer_id)
        .join(
            certificates,
            (certificates.c.issuer_id == journal.c.issuer_id) & (certificates.c.serial == journal.c.serial),
        )
        .where(journal.c.issuer_id == issuer_id)
        .order_by(journal.c.sequence.desc())
        .limit(LATEST)
    )
    for row in rows:
        yield RevocationLine(
            issuer=row.name,
            sequence=row.sequence,
            kind=EntryKind(row.kind),
            serial=row.serial,
            organisation=row.organisation,
            at=moment_of(Channel(row.channel), row.recorded_at, row.revocation_date),
            reason=RevocationReason(row.reason),
            channel=row.channel,
            reference=row.reference,
        )


def _crls(connection: Connection, now: datetime) -> tuple[CrlLine, ...]:
    rows = connection.execute(
        select(crls, issuers.c.name)
        .join(issuers, issuers.c.id == crls.c.issuer_id)
        .where(crls.c.published_at.is_not(None))
        .order_by(crls.c.published_at.desc(), crls.c.number.desc())
        .limit(LATEST)
    )
    newest: set[tuple[int, str]] = set()
    return tuple(_crl(row, newest, now) for row in rows)


def _crl(row: Row[Any], newest: set[tuple[int, str]], now: datetime) -> CrlLine:
    is_newest = (row.issuer_id, row.scope) not in newest
    newest.add((row.issuer_id, row.scope))
    return CrlLine(
        issuer=row.name,
        scope=row.scope,
        number=row.number,
        this_update=row.this_update,
        next_update=row.next_update,
        covers_sequence=row.covers_sequence,
        entries=row.entries,
        size=row.size,
        published_at=row.published_at,
        overdue=is_newest and now > row.next_update,
    )
