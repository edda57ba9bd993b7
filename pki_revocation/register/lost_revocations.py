"""Revocations that a public CRL listed and the journal lacked, remembered until the journal has them again.

An old database that was put back knows nothing of what was revoked since, and relying parties do. Whatever is written
of such a serial afterwards, by page, endpoint, operator or import, says what the CRL said: its date and its reason, or
the certificate would have been valid in between for those who ask later. Only a complete restoration (`doctor
--restore`) takes back those that no request comes for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, select

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.database.bulk import bulk_replace
from pki_revocation.database.schema import journal as journal_rows
from pki_revocation.database.schema import lost_revocations
from pki_revocation.model import Channel, EntryKind, Issuer, JournalEntry, serial_text
from pki_revocation.reasons import RevocationReason

from .journal_heads import record_taken_back

# How many serials one look-up names: SQLite binds at most 32,766 values, PostgreSQL 65,535.
_LOOKUP_BATCH = 5000
_COLUMNS = ("issuer_id", "serial", "revocation_date", "reason", "invalidity_date", "source", "seen_at")
_columns = lost_revocations.c
_COMPROMISE = RevocationReason.KEY_COMPROMISE


@dataclass(frozen=True, slots=True, kw_only=True)
class LostRevocation:
    """What a public CRL said of one serial; *source* is the CRL that did, by path, number and SHA-256."""

    serial: int
    revocation_date: datetime
    reason: RevocationReason
    invalidity_date: datetime | None
    source: str

    def joined(self, other: "LostRevocation") -> "LostRevocation":
        """The worse reason and the earlier date: a later CRL changes an entry to no other end (BR 7.2.2)."""
        worse = other if other.reason is _COMPROMISE and self.reason is not _COMPROMISE else self
        return replace(worse, revocation_date=min(self.revocation_date, other.revocation_date))


def keep(connection: Connection, issuer_id: int, found: Mapping[int, LostRevocation], now: datetime) -> None:
    """Remember what was found, by serial, together with what was found before."""
    before = lost_among(connection, issuer_id, list(found))
    joined = [before[serial].joined(lost) if serial in before else lost for serial, lost in found.items()]
    rows = (
        (issuer_id, each.serial, each.revocation_date, each.reason.value, each.invalidity_date, each.source, now)
        for each in joined
        if each != before.get(each.serial)
    )
    bulk_replace(connection, lost_revocations, _COLUMNS, rows)


def lost_among(connection: Connection, issuer_id: int, serials: Sequence[int]) -> dict[int, LostRevocation]:
    """What was found of any of these serials and the journal does not have yet."""
    if not serials or not connection.scalar(select(exists().where(_columns.issuer_id == issuer_id))):
        return {}
    found: dict[int, LostRevocation] = {}
    for start in range(0, len(serials), _LOOKUP_BATCH):
        query = _lacking(issuer_id).where(_columns.serial.in_(serials[start : start + _LOOKUP_BATCH]))
        found.update((row.serial, _lost(row)) for row in connection.execute(query))
    return found


def all_lost(connection: Connection, issuer_id: int) -> dict[int, LostRevocation]:
    """What was found of an issuer and the journal does not have yet, by serial."""
    return {row.serial: _lost(row) for row in connection.execute(_lacking(issuer_id))}


def take_back(
    connection: Connection,
    audit: AuditTrail,
    issuer: Issuer,
    head: journal.JournalHead,
    serial: int,
    moment: datetime,
) -> tuple[JournalEntry | None, journal.JournalHead]:
    """Write the row that was lost of a serial, if one was, before a request about it is decided.

    Args:
        connection: the transaction that holds *head*.
        audit: records the row, with the CRL that is its evidence.
        issuer: whose journal it is.
        head: as `journal.lock_head` gave it.
        serial: the journal has no row of it, and its certificate is registered.
        moment: of recording, from `journal.moment_under_lock`.

    Returns:
        The row, None for none, and the head as it is now.
    """
    lost = lost_among(connection, issuer.id, [serial]).get(serial)
    if lost is None:
        return None, head
    new = journal.NewEntry(
        kind=EntryKind.REVOCATION,
        serial=serial,
        reason=lost.reason,
        channel=Channel.RESTORE,
        # The clock may have been set back since the CRL was looked at.
        revocation_date=min(lost.revocation_date, moment),
        invalidity_date=lost.invalidity_date,
    )
    (entry,) = journal.append(connection, head, [new], moment)
    record_taken_back(connection, audit, issuer, head, moment)
    detail = {
        "issuer": issuer.name,
        "serial": serial_text(serial),
        "evidence": lost.source,
        "first_sequence": entry.sequence,
        "last_sequence": entry.sequence,
        "journal_sha256": journal.digest_of([entry]),
    }
    audit.record(connection, "journal.restored", detail)
    return entry, replace(head, sequence=entry.sequence, last_at=moment)


def _lacking(issuer_id: int) -> Select[Any]:
    recorded = exists().where(journal_rows.c.issuer_id == _columns.issuer_id, journal_rows.c.serial == _columns.serial)
    return select(lost_revocations).where(_columns.issuer_id == issuer_id, ~recorded)


def _lost(row: Row[Any]) -> LostRevocation:
    return LostRevocation(
        serial=row.serial,
        revocation_date=row.revocation_date,
        reason=RevocationReason(row.reason),
        invalidity_date=row.invalidity_date,
        source=row.source,
    )
