"""What CRLs list and the journal lacks, entry by entry."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, LargeBinary, Row, select, type_coerce

from crl_publisher.crl.reading import ParsedEntry
from crl_publisher.scope import Part
from pki_revocation.clock import iso
from pki_revocation.database.schema import certificates, journal
from pki_revocation.encoding.serials import MOST_OCTETS, from_stored, is_storable, stored, text_of_stored
from pki_revocation.model import EntryKind, Issuer, serial_text
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.lost_revocations import LostRevocation, all_lost

from .evidence import CrlEvidence

_LOOKUP_BATCH = 500
_COMPROMISE = RevocationReason.KEY_COMPROMISE


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRow:
    """A row that the journal lacks.

    *is_registered* says whether the certificate itself is known; where it is not, *is_ca* and *shard* are what the CRLs
    tell of it.
    """

    kind: EntryKind
    serial: int
    revocation_date: datetime
    reason: RevocationReason
    invalidity_date: datetime | None
    is_registered: bool
    is_ca: bool
    shard: int

    def as_json(self) -> dict[str, object]:
        """The row's fields as commands print them with --json."""
        return {
            "kind": self.kind.value,
            "serial": serial_text(self.serial),
            "revocation_date": iso(self.revocation_date),
            "reason": self.reason.token if self.reason else None,
            "invalidity_date": None if self.invalidity_date is None else iso(self.invalidity_date),
            "registered": self.is_registered,
        }

    def __str__(self) -> str:
        """The row in a line for operators."""
        parts = [serial_text(self.serial), iso(self.revocation_date), self.reason.token if self.reason else "no reason"]
        if self.kind is EntryKind.RAISE:
            parts.append("(its reason was raised)")
        if not self.is_registered:
            parts.append("(the certificate is not registered here)")
        return "  ".join(parts)


@dataclass(frozen=True, slots=True)
class MissingRows:
    """*rows* can be written, *left* says in a sentence each what cannot, and why.

    *remembered* names the CRLs of which only the database's memory tells: they were public once.
    """

    rows: list[MissingRow] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    remembered: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Statement:
    """What the CRLs together tell of one certificate."""

    entry: ParsedEntry
    is_ca: bool
    shard: int

    def joined(self, other: "_Statement") -> "_Statement":
        """The worse reason and the earlier date: a later CRL changes an entry to no other end (BR 7.2.2)."""
        first, second = self.entry, other.entry
        worse = second if second.reason is _COMPROMISE and first.reason is not _COMPROMISE else first
        entry = worse._replace(revocation_date=min(first.revocation_date, second.revocation_date))
        return replace(self, entry=entry, is_ca=self.is_ca or other.is_ca, shard=self.shard or other.shard)


def missing_rows(connection: Connection, issuer: Issuer, evidence: Sequence[CrlEvidence], now: datetime) -> MissingRows:
    """What the journal lacks of what the CRLs list, and of what was seen on others before.

    Args:
        connection: reads one state, or holds the journal's head.
        issuer: who signed them.
        evidence: the CRLs.
        now: nothing was revoked after it.

    Raises:
        UnreadableCrl: when one of the entries is broken.
    """
    found, statements = MissingRows(), dict[bytes, _Statement]()
    for crl in evidence:
        for entry in crl.crl.entries():
            _collect(statements, crl, entry)
    remaining = iter(statements.values())
    while portion := list(islice(remaining, _LOOKUP_BATCH)):
        _compare(connection, issuer, portion, now, found)
    _recall(connection, issuer, statements, now, found)
    # A journal is in the order of time, and a CRL in that of serials.
    found.rows.sort(key=lambda row: (row.revocation_date, row.kind is EntryKind.RAISE, row.serial))
    return found


def _recall(
    connection: Connection, issuer: Issuer, statements: Container[bytes], now: datetime, found: MissingRows
) -> None:
    """What a service saw on a CRL that is public no more, where the CRLs here say nothing of it."""
    lost = {
        stored(each.serial): each
        for each in all_lost(connection, issuer.id).values()
        if stored(each.serial) not in statements and each.revocation_date <= now
    }
    remaining = iter(lost)
    while portion := list(islice(remaining, _LOOKUP_BATCH)):
        registered = _registered(connection, issuer, portion)
        found.rows.extend(_recalled(lost[serial], is_registered=serial in registered) for serial in portion)
    found.remembered.extend(sorted({each.source for each in lost.values()}))


def _recalled(lost: LostRevocation, *, is_registered: bool) -> MissingRow:
    return MissingRow(
        kind=EntryKind.REVOCATION,
        serial=lost.serial,
        revocation_date=lost.revocation_date,
        reason=lost.reason,
        invalidity_date=lost.invalidity_date,
        is_registered=is_registered,
        is_ca=False,
        shard=0,
    )


def _collect(statements: dict[bytes, _Statement], evidence: CrlEvidence, entry: ParsedEntry) -> None:
    scope = evidence.scope
    one = _Statement(entry, scope.part is Part.CA, scope.shard)
    before = statements.get(entry.serial)
    statements[entry.serial] = one if before is None else before.joined(one)


def _compare(
    connection: Connection, issuer: Issuer, statements: Sequence[_Statement], now: datetime, found: MissingRows
) -> None:
    serials = [each.entry.serial for each in statements]
    registered = _registered(connection, issuer, serials)
    recorded = _recorded(connection, issuer, serials)
    for each in statements:
        objection = _objection(each.entry, now)
        if objection:
            found.left.append(f"{text_of_stored(each.entry.serial)} stays as it is: {objection}.")
            continue
        rows = recorded.get(each.entry.serial, [])
        if not rows:
            is_registered = each.entry.serial in registered
            found.rows.append(_row(each, EntryKind.REVOCATION, each.entry.revocation_date, is_registered=is_registered))
        elif each.entry.reason is _COMPROMISE and rows[-1].reason != _COMPROMISE:
            # The original time stands, unless it was back-dated with the raise.
            date = min(each.entry.revocation_date, rows[0].revocation_date)
            found.rows.append(_row(each, EntryKind.RAISE, date, is_registered=True))
        else:
            found.left.extend(_differences(each.entry, rows[-1]))


def _row(statements: _Statement, kind: EntryKind, date: datetime, *, is_registered: bool) -> MissingRow:
    return MissingRow(
        kind=kind,
        serial=from_stored(statements.entry.serial),
        revocation_date=date,
        reason=statements.entry.reason,
        invalidity_date=statements.entry.invalidity_date,
        is_registered=is_registered,
        is_ca=statements.is_ca,
        shard=statements.shard,
    )


def _objection(entry: ParsedEntry, now: datetime) -> str:
    if entry.irregular:
        return f"its entry has {entry.irregular}, and the journal knows only final revocations"
    if not is_storable(from_stored(entry.serial)):
        return f"its serial takes over {MOST_OCTETS} octets"
    if entry.revocation_date > now:
        return f"its revocation is dated {iso(entry.revocation_date)}, in the future"
    if entry.invalidity_date is not None and entry.reason is not _COMPROMISE:
        return f"it has an invalidity date, and the reason {entry.reason.token}"
    return ""


def _differences(entry: ParsedEntry, row: Row[tuple[bytes, datetime, int]]) -> Iterator[str]:
    """A sentence for each difference from the row, which stays: it was revoked here again before the restoration."""
    reason = RevocationReason(row.reason)
    if entry.revocation_date < row.revocation_date:
        yield (
            f"{text_of_stored(entry.serial)} stays as it is: the journal dates its revocation "
            f"{iso(row.revocation_date)}, and the CRL {iso(entry.revocation_date)}; a journal's row is never changed."
        )
    elif entry.reason is not reason and reason is not _COMPROMISE:
        yield (
            f"{text_of_stored(entry.serial)} stays as it is: the journal says {reason.token}, and the CRL "
            f"{entry.reason.token}; a journal's row is never changed."
        )


def _registered(connection: Connection, issuer: Issuer, serials: Sequence[bytes]) -> set[bytes]:
    column = type_coerce(certificates.c.serial, LargeBinary)
    query = select(column).where(certificates.c.issuer_id == issuer.id, column.in_(serials))
    return {bytes(octets) for octets in connection.scalars(query)}


def _recorded(
    connection: Connection, issuer: Issuer, serials: Sequence[bytes]
) -> dict[bytes, list[Row[tuple[bytes, datetime, int]]]]:
    """The journal's rows of each serial, in their order."""
    column = type_coerce(journal.c.serial, LargeBinary)
    query = (
        select(column.label("octets"), journal.c.revocation_date, journal.c.reason)
        .where(journal.c.issuer_id == issuer.id, column.in_(serials))
        .order_by(journal.c.sequence)
    )
    rows: dict[bytes, list[Row[tuple[bytes, datetime, int]]]] = {}
    for row in connection.execute(query):
        rows.setdefault(bytes(row.octets), []).append(row)
    return rows
