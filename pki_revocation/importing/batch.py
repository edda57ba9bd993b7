"""One batch of an import: certificates, journal and audit in one transaction, so that a killed import loses no more.

Revocations that come along are journal rows of the channel `import`: relying parties see their own dates, and the
journal keeps when they came in. A reason that BR 7.2.2 forbids for a subscriber's certificate is left out, and counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Table, select

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database.bulk import RowExists, bulk_insert
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.database.schema import journal as journal_table
from pki_revocation.errors import StoreError
from pki_revocation.host.failpoints import reach
from pki_revocation.model import Channel, EntryKind, Issuer, JournalEntry, serial_text
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.certificates import deal_numbers
from pki_revocation.register.journal_heads import record_taken_back
from pki_revocation.register.letter_recipients import add_recipients
from pki_revocation.subscribers import contacts

from .candidates import Candidate, PastRevocation, Refusal, RefusalKind, duplicate
from .completion import complete
from .past_reasons import has_place

# The first try looks nothing up; of the others, one is enough unless something else registers at the same time.
_TRIES = 3
# How many serials one look-up names: SQLite binds at most 32,766 values, PostgreSQL 65,535.
_LOOKUP_BATCH = 5000
_COLUMNS = (
    "issuer_id",
    "serial",
    "subject",
    "organisation",
    "not_before",
    "not_after",
    "number",
    "der",
    "imported_at",
    "is_ca",
    "shard",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What of a batch went in, and what was registered already; *reasons_left_out* of those *revoked*.

    *completed* are those of which only a CRL had told.
    """

    added: int = 0
    revoked: int = 0
    expired: int = 0
    numbered: int = 0
    reasons_left_out: int = 0
    completed: int = 0
    refusals: tuple[Refusal, ...] = ()


class BatchWriter:
    """Writes the batches of an import."""

    def __init__(
        self, *, database: Database, clock: Clock, audit: AuditTrail, origin: Mapping[str, object] | None = None
    ) -> None:
        """Write into *database*, and have *audit* record each batch with *origin*, which says how it came in."""
        self._origin = dict(origin or {})
        self._database = database
        self._clock = clock
        self._audit = audit

    def write(self, issuer: Issuer, batch: Sequence[Candidate]) -> Written:
        """Put in what is not registered yet; no serial may stand in *batch* twice.

        Looking up each serial first would cost more than it saves while nothing is registered yet, so the whole batch
        is tried, and only one that holds something registered is looked through.

        Raises:
            StoreError: when the database does not answer, or something else goes on registering the same.
        """
        for tried in range(_TRIES):
            put_in = self._put_in_the_rest if tried else self._put_in
            try:
                with self._database.write() as connection:
                    written = put_in(connection, issuer, batch)
            except RowExists:
                continue
            reach("import.batch.committed")
            return written
        raise StoreError("Something else registers the same certificates at this moment: run the import again.")

    def _put_in_the_rest(self, connection: Connection, issuer: Issuer, batch: Sequence[Candidate]) -> Written:
        journal.lock_head(connection, issuer.id)
        known = _known(connection, certificates, issuer, [each.serial for each in batch])
        registered = [each for each in batch if each.serial in known]
        completed = complete(connection, issuer, registered)
        if completed:
            detail = {"issuer": issuer.name, "completed": len(completed), **self._origin}
            self._audit.record(connection, "certificates.completed", detail)
        refusals = _refusals(connection, issuer, [each for each in registered if each.serial not in completed])
        new = [each for each in batch if each.serial not in known]
        written = self._put_in(connection, issuer, new) if new else Written()
        return replace(written, completed=len(completed), refusals=refusals)

    def _put_in(self, connection: Connection, issuer: Issuer, batch: Sequence[Candidate]) -> Written:
        # The head's lock keeps two imports of one issuer, and every revocation, in one order.
        head = journal.lock_head(connection, issuer.id)
        moment = journal.moment_under_lock(head, self._clock)
        live = [each for each in batch if each.revocation is None and each.not_after >= moment]
        numbered = self._insert(connection, issuer, batch, live)
        revoked = [(each, each.revocation) for each in batch if each.revocation is not None]
        past = [_new_entry(each, revocation) for each, revocation in revoked]
        left_out = sum(
            entry.reason is not revocation.reason for entry, (_, revocation) in zip(past, revoked, strict=True)
        )
        entries = journal.append(connection, head, past, moment)
        if entries:
            record_taken_back(connection, self._audit, issuer, head, moment)
        expired = len(batch) - len(entries) - len(live)
        written = Written(
            added=len(batch), revoked=len(entries), expired=expired, numbered=numbered, reasons_left_out=left_out
        )
        self._record(connection, issuer, written, entries)
        return written

    def _insert(
        self, connection: Connection, issuer: Issuer, new: Sequence[Candidate], live: Sequence[Candidate]
    ) -> int:
        """Register them, and deal a number to each that is live and a subscriber's; give how many those are."""
        subscribers = [each.serial for each in live if each.for_subscriber]
        numbers = dict(zip(subscribers, deal_numbers(connection, len(subscribers)), strict=True))
        imported_at = self._clock.now()
        rows = (
            (
                each.issuer_id,
                each.serial,
                each.subject,
                each.organisation,
                each.not_before,
                each.not_after,
                numbers.get(each.serial),
                each.der,
                imported_at,
                each.is_ca,
                each.shard,
            )
            # In the order of the index, neighbours share its pages: half of SQLite's time for large registers.
            for each in sorted(new, key=_serial_octets)
        )
        bulk_insert(connection, certificates, _COLUMNS, rows)
        _write_recipients(connection, issuer, new)
        return len(numbers)

    def _record(
        self, connection: Connection, issuer: Issuer, written: Written, entries: Sequence[JournalEntry]
    ) -> None:
        detail: dict[str, object] = {
            "issuer": issuer.name,
            "added": written.added,
            "numbered": written.numbered,
            "revoked": written.revoked,
            "expired": written.expired,
            **self._origin,
        }
        if written.reasons_left_out:
            detail["reasons_left_out"] = written.reasons_left_out
        if entries:
            detail |= {
                "first_sequence": entries[0].sequence,
                "last_sequence": entries[-1].sequence,
                "journal_sha256": journal.digest_of(entries),
            }
        self._audit.record(connection, "certificates.imported", detail)


def _serial_octets(candidate: Candidate) -> bytes:
    return candidate.serial.to_bytes((candidate.serial.bit_length() + 7) // 8)


def _new_entry(candidate: Candidate, revocation: PastRevocation) -> journal.NewEntry:
    keeps = has_place(revocation.reason, for_subscriber=candidate.for_subscriber)
    return journal.NewEntry(
        kind=EntryKind.REVOCATION,
        serial=candidate.serial,
        reason=revocation.reason if keeps else RevocationReason.UNSPECIFIED,
        channel=Channel.IMPORT,
        revocation_date=revocation.at,
        invalidity_date=revocation.invalidity_date,
    )


def _known(connection: Connection, table: Table, issuer: Issuer, serials: Sequence[int]) -> set[int]:
    """Those of the serials that the table has a row of."""
    known: set[int] = set()
    for start in range(0, len(serials), _LOOKUP_BATCH):
        portion = serials[start : start + _LOOKUP_BATCH]
        query = select(table.c.serial).where(table.c.issuer_id == issuer.id, table.c.serial.in_(portion))
        known.update(connection.execute(query).scalars())
    return known


def _refusals(connection: Connection, issuer: Issuer, duplicates: Sequence[Candidate]) -> tuple[Refusal, ...]:
    revoked = _known(connection, journal_table, issuer, [each.serial for each in duplicates if each.revocation])
    others = _given_twice(connection, issuer, duplicates)
    return tuple(
        each.refused(
            RefusalKind.SERIAL,
            f"Serial {serial_text(each.serial)} is registered already, with another certificate: the CA gave one "
            "serial twice (RFC 5280 section 4.1.2.2).",
        )
        if each.serial in others
        else duplicate(each, "is registered already", revoked=each.serial in revoked)
        for each in duplicates
    )


def _given_twice(connection: Connection, issuer: Issuer, duplicates: Sequence[Candidate]) -> set[int]:
    """Those serials that are registered with the DER of another certificate."""
    ders = {each.serial: each.der for each in duplicates if each.der is not None}
    serials, others = list(ders), set[int]()
    for start in range(0, len(serials), _LOOKUP_BATCH):
        query = select(certificates.c.serial, certificates.c.der).where(
            certificates.c.issuer_id == issuer.id,
            certificates.c.serial.in_(serials[start : start + _LOOKUP_BATCH]),
            certificates.c.der.is_not(None),
        )
        others.update(row.serial for row in connection.execute(query) if row.der != ders[row.serial])
    return others


def _write_recipients(connection: Connection, issuer: Issuer, new: Sequence[Candidate]) -> None:
    """In the certificates' own transaction: no letter and no mail is made before its recipient is known."""
    told = [each for each in new if each.recipient is not None or each.contact is not None]
    for start in range(0, len(told), _LOOKUP_BATCH):
        portion = told[start : start + _LOOKUP_BATCH]
        query = select(certificates.c.serial, certificates.c.id).where(
            certificates.c.issuer_id == issuer.id, certificates.c.serial.in_([each.serial for each in portion])
        )
        ids = {row.serial: row.id for row in connection.execute(query)}
        add_recipients(connection, [(ids[each.serial], each.recipient) for each in portion if each.recipient])
        contacts.add(connection, [(ids[each.serial], each.contact) for each in portion if each.contact])
