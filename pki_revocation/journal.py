"""The append-only journal: the only thing that ever says that a certificate is revoked.

Rows of an issuer carry a gapless sequence in the order of their commits, because a writer holds the issuer's
head row. A reader that remembers the last sequence it applied misses nothing by asking for what follows.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select, update

from pki_revocation.database.bulk import bulk_insert
from pki_revocation.database.schema import journal, journal_heads
from pki_revocation.database.sound_clock import Judgement, judgement
from pki_revocation.encoding.crockford import random_symbols

from .clock import Clock, iso
from .errors import ClockBehindJournal, NotFound
from .model import Channel, EntryKind, JournalEntry, serial_text
from .reasons import RevocationReason

_log = logging.getLogger(__name__)
_REFERENCE_SYMBOLS = 12
_COLUMNS = tuple(column.name for column in journal.columns)


@dataclass(frozen=True, slots=True)
class JournalHead:
    """The end of an issuer's journal: its last sequence, and the latest moment that it has recorded."""

    issuer_id: int
    sequence: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """What is about to be appended; sequence, time and reference are the journal's to give.

    *revocation_date* is None for 'now', the moment of recording.
    """

    kind: EntryKind
    serial: int
    reason: RevocationReason
    channel: Channel
    revocation_date: datetime | None = None
    invalidity_date: datetime | None = None


def lock_head(connection: Connection, issuer_id: int) -> JournalHead:
    """Take the issuer's head row for the rest of the transaction, and read it.

    Raises:
        NotFound: for an issuer without a journal.
    """
    return _head(connection, issuer_id, lock=True)


def read_head(connection: Connection, issuer_id: int) -> JournalHead:
    """Read the issuer's head row without holding it.

    Raises:
        NotFound: for an issuer without a journal.
    """
    return _head(connection, issuer_id, lock=False)


def _head(connection: Connection, issuer_id: int, *, lock: bool) -> JournalHead:
    query = select(journal_heads.c.sequence, journal_heads.c.last_at).where(journal_heads.c.issuer_id == issuer_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        message = f"There is no issuer with id {issuer_id}."
        raise NotFound(message)
    return JournalHead(issuer_id, row.sequence, row.last_at)


def moment_under_lock(head: JournalHead, clock: Clock, *, passed: datetime | None = None) -> datetime:
    """The time of whatever is done under the head's lock: now, or what order demands where that is later.

    Revocations take their time from here, so that nothing dated after a revocation can omit it: no earlier than what
    was revoked or published before, and no earlier than what an answer was dated by. What certainly lies in the future
    was written by a clock that was ahead, and is no guide: a revocation dated by it would protect no relying party
    until then, so it gets the present, and the head with it.

    Args:
        head: as `lock_head` gave it.
        clock: dates it.
        passed: what `Database.hold_commit_fence` gave, where answers are given about what is written.
    """
    known = judgement(clock)
    moment = known.moment
    if is_wrong(head, known):
        _log.error("issuer %s: the journal's last moment %s lies in the future", head.issuer_id, iso(head.last_at))
    for earlier in (head.last_at, passed):
        if earlier is not None and moment < earlier <= known.latest:
            moment = earlier
    return moment


def is_wrong(head: JournalHead, known: Judgement) -> bool:
    """Whether the head was moved by a clock that was ahead."""
    return head.last_at > known.latest


def refuse_far_future(head: JournalHead, clock: Clock) -> None:
    """Sign nothing that would be dated far ahead of the clock, where no second clock says which of the two is wrong.

    Raises:
        ClockBehindJournal: when the head's last moment lies more than a day ahead of a clock that stands alone.
    """
    known = judgement(clock)
    if is_wrong(head, known) and not known.agreed:
        raise ClockBehindJournal(iso(head.last_at), iso(known.moment))


def append(
    connection: Connection, head: JournalHead, entries: Sequence[NewEntry], moment: datetime
) -> tuple[JournalEntry, ...]:
    """Append under the head's lock, all with the same moment of recording, and move the head.

    Args:
        connection: the transaction that holds *head*.
        head: as `lock_head` gave it; not to be used again afterwards.
        entries: what to append, in order.
        moment: from `moment_under_lock`.

    Raises:
        RowExists: when the journal has a row of this kind for one of the serials already.
    """
    written = tuple(
        JournalEntry(
            issuer_id=head.issuer_id,
            sequence=head.sequence + place,
            kind=new.kind,
            serial=new.serial,
            recorded_at=moment,
            revocation_date=new.revocation_date or moment,
            reason=new.reason,
            invalidity_date=new.invalidity_date,
            channel=new.channel,
            reference=_reference(),
        )
        for place, new in enumerate(entries, start=1)
    )
    if written:
        bulk_insert(connection, journal, _COLUMNS, (_values(entry) for entry in written))
        move_head(connection, head.issuer_id, written[-1].sequence, moment)
    return written


def move_head(connection: Connection, issuer_id: int, sequence: int, moment: datetime) -> None:
    """Write the journal's last sequence and moment: after appending, or when a CRL was dated under the lock."""
    connection.execute(
        update(journal_heads).where(journal_heads.c.issuer_id == issuer_id).values(sequence=sequence, last_at=moment)
    )


def latest_entry(connection: Connection, issuer_id: int, serial: int) -> JournalEntry | None:
    """What the journal says of a certificate: its revocation, or the raise that followed it; None while unrevoked."""
    row = connection.execute(
        select(journal)
        .where(journal.c.issuer_id == issuer_id, journal.c.serial == serial)
        .order_by(journal.c.sequence.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _entry(row)


def first_entry(connection: Connection, issuer_id: int, serial: int) -> JournalEntry | None:
    """The revocation itself, whatever was raised since; None while unrevoked."""
    row = connection.execute(
        select(journal)
        .where(journal.c.issuer_id == issuer_id, journal.c.serial == serial)
        .order_by(journal.c.sequence)
        .limit(1)
    ).one_or_none()
    return None if row is None else _entry(row)


def entry_at(connection: Connection, issuer_id: int, sequence: int) -> JournalEntry | None:
    """The issuer's row with this sequence, or None."""
    row = connection.execute(
        select(journal).where(journal.c.issuer_id == issuer_id, journal.c.sequence == sequence)
    ).one_or_none()
    return None if row is None else _entry(row)


def entry_with_reference(connection: Connection, reference: str) -> JournalEntry | None:
    """The row that was given this reference, or None."""
    row = connection.execute(select(journal).where(journal.c.reference == reference)).one_or_none()
    return None if row is None else _entry(row)


def named_through(connection: Connection, issuer_id: int) -> int:
    """The last sequence for which a receipt's address that names a sequence alone counts; 0 for none."""
    query = select(journal_heads.c.named_through).where(journal_heads.c.issuer_id == issuer_id)
    return connection.execute(query).scalar_one_or_none() or 0


def entries_after(
    connection: Connection, issuer_id: int, sequence: int, *, through: int | None = None
) -> Iterator[JournalEntry]:
    """The rows after *sequence*, in order, to *through* inclusive; read in portions, never all at once."""
    query = select(journal).where(journal.c.issuer_id == issuer_id, journal.c.sequence > sequence)
    if through is not None:
        query = query.where(journal.c.sequence <= through)
    query = query.order_by(journal.c.sequence).execution_options(yield_per=1000)
    with connection.execute(query) as rows:
        for row in rows:
            yield _entry(row)


def digest_of(entries: Iterable[JournalEntry]) -> str:
    """SHA-256 over the rows as they are now, in hexadecimal: what ties an audit record to what it records."""
    digest = hashlib.sha256()
    for entry in entries:
        fields = [
            entry.issuer_id,
            entry.sequence,
            entry.kind,
            serial_text(entry.serial),
            iso(entry.recorded_at),
            iso(entry.revocation_date),
            entry.reason.token,
            iso(entry.invalidity_date) if entry.invalidity_date else None,
            entry.channel,
            entry.reference,
        ]
        digest.update(json.dumps(fields).encode())
    return digest.hexdigest()


def _reference() -> str:
    """Twelve symbols in groups of four: for people to quote, unguessable, and no secret."""
    symbols = random_symbols(_REFERENCE_SYMBOLS)
    return "-".join((symbols[:4], symbols[4:8], symbols[8:]))


def _values(entry: JournalEntry) -> tuple[object, ...]:
    """The entry's values in the order of `_COLUMNS`."""
    return (
        entry.issuer_id,
        entry.sequence,
        entry.kind.value,
        entry.serial,
        entry.recorded_at,
        entry.revocation_date,
        entry.reason.value,
        entry.invalidity_date,
        entry.channel.value,
        entry.reference,
    )


def _entry(row: Row[tuple[object, ...]]) -> JournalEntry:
    return JournalEntry(
        issuer_id=row.issuer_id,
        sequence=row.sequence,
        kind=EntryKind(row.kind),
        serial=row.serial,
        recorded_at=row.recorded_at,
        revocation_date=row.revocation_date,
        reason=RevocationReason(row.reason),
        invalidity_date=row.invalidity_date,
        channel=Channel(row.channel),
        reference=row.reference,
    )
