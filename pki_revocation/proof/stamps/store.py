"""The stamps that there are, beside the journal: only ever added to, one for each of its rows at the most."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation.database.engine import Database
from pki_revocation.database.schema import journal, receipt_stamps
from pki_revocation.model import Channel, JournalEntry
from pki_revocation.register.issuers import all_issuers

from .answer import CheckedStamp

# What was recorded elsewhere first is dated by that record: a stamp of today would say nothing of it.
_BROUGHT = (Channel.IMPORT, Channel.RESTORE)
# What was recorded longer before a process looks first gets none.
LOOKS_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationStamp:
    """A stamp by *authority* (an address) over *record*; *anchor* is the root that it led to when it was made."""

    authority: str
    stamped_at: datetime
    record: bytes = field(repr=False)
    response: bytes = field(repr=False)
    anchor: x509.Certificate


@dataclass(frozen=True, slots=True)
class StampBacklog:
    """How many rows wait for a stamp, and since when the first does; None where none waits."""

    count: int
    since: datetime | None


def is_to_be_stamped(entry: JournalEntry) -> bool:
    """Whether a row gets a stamp: what an import or a restoration brought does not."""
    return entry.channel not in _BROUGHT


def stamp_of(connection: Connection, entry: JournalEntry) -> RevocationStamp | None:
    """The stamp over a row's record, or None."""
    row = connection.execute(select(receipt_stamps).where(receipt_stamps.c.reference == entry.reference)).one_or_none()
    if row is None:
        return None
    return RevocationStamp(
        authority=row.authority,
        stamped_at=row.stamped_at,
        record=row.record,
        response=row.response,
        anchor=x509.load_der_x509_certificate(row.anchor),
    )


def add_stamp(connection: Connection, reference: str, record: bytes, authority: str, stamp: CheckedStamp) -> None:
    """Keep a stamp; where another process was quicker, its one stays."""
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    there = select(receipt_stamps.c.reference).where(receipt_stamps.c.reference == reference)
    if connection.execute(there).first() is not None:
        return
    connection.execute(
        make(receipt_stamps)
        .values(
            reference=reference,
            stamped_at=stamp.stamped_at,
            authority=authority,
            record=record,
            response=stamp.response,
            anchor=stamp.anchor.public_bytes(Encoding.DER),
        )
        .on_conflict_do_nothing()
    )


def unstamped(connection: Connection, issuer_id: int, after: int, most: int) -> Sequence[tuple[int, str]]:
    """The first *most* rows of an issuer after a sequence that lack a stamp and get one: sequence and reference."""
    query = (
        select(journal.c.sequence, journal.c.reference)
        .outerjoin(receipt_stamps, receipt_stamps.c.reference == journal.c.reference)
        .where(*_lacking(issuer_id, after))
        .order_by(journal.c.sequence)
        .limit(most)
    )
    return [(row.sequence, row.reference) for row in connection.execute(query)]


def backlog(connection: Connection, issuer_id: int, after: int) -> StampBacklog:
    """How many of an issuer's rows after a sequence wait for a stamp."""
    query = (
        select(func.count().label("count"), func.min(journal.c.recorded_at).label("since"))
        .select_from(journal)
        .outerjoin(receipt_stamps, receipt_stamps.c.reference == journal.c.reference)
        .where(*_lacking(issuer_id, after))
    )
    row = connection.execute(query).one()
    return StampBacklog(row[0], row[1])


def last_before(connection: Connection, issuer_id: int, moment: datetime) -> int:
    """The last sequence that was recorded before a moment; 0 for none."""
    query = select(func.max(journal.c.sequence)).where(journal.c.issuer_id == issuer_id, journal.c.recorded_at < moment)
    return connection.execute(query).scalar_one() or 0


def waiting_for_stamps(database: Database, now: datetime) -> StampBacklog:
    """How many revocations of the last thirty days wait for a stamp, and since when the first does.

    Raises:
        StoreError: when the database does not answer.
    """
    with database.read() as connection:
        found = [
            backlog(connection, each.id, last_before(connection, each.id, now - LOOKS_BACK))
            for each in all_issuers(connection)
        ]
    since = min((each.since for each in found if each.since is not None), default=None)
    return StampBacklog(sum(each.count for each in found), since)


def _lacking(issuer_id: int, after: int) -> tuple[ColumnElement[bool], ...]:
    return (
        journal.c.issuer_id == issuer_id,
        journal.c.sequence > after,
        journal.c.channel.not_in([each.value for each in _BROUGHT]),
        receipt_stamps.c.reference.is_(None),
    )
