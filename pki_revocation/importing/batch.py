"""One batch of an import: certificates, journal and audit in one transaction, so that a killed import loses no more.

Revocations that come along are journal rows of the channel `import`: relying parties see their own dates, and the
journal keeps when they came in. A reason that BR 7.2.2 forbids for a subscriber's certificate is left out, and counted.
Nothing goes in as live whose serial is barred.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database.bulk import RowExists
from pki_revocation.database.engine import Database
from pki_revocation.errors import StoreError
from pki_revocation.host.failpoints import reach
from pki_revocation.model import Channel, EntryKind, Issuer, JournalEntry, serial_text
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.barred import barred_among, lift_bars, write_bars
from pki_revocation.register.certificates import deal_numbers
from pki_revocation.register.journal_heads import record_taken_back
from pki_revocation.subscribers import outbox

from .candidates import Candidate, PastRevocation, Refusal, RefusalKind, Remark
from .completion import Registered, compare, complete
from .counts import ImportCounts
from .known_keys import note_keys
from .lost import with_lost
from .new_rows import insert_new, registered_among
from .past_reasons import has_place

# The first try looks nothing up; of the others, one is enough unless something else registers at the same time.
_TRIES = 3
# Of the serials that were barred, the audit trail names so many.
_NAMED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Written(ImportCounts):
    """What became of a batch: counts, and what is to be said of single rows."""

    refusals: tuple[Refusal, ...] = ()
    remarks: tuple[Remark, ...] = ()


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
        # Where the last batch held something registered, the next one does so too, as a rule.
        self._looks_up = False

    def bar(self, issuer: Issuer, refused: Mapping[int, Refusal]) -> list[Remark]:
        """Bar the serials that rows were refused of, before anything of their import is written.

        What is registered as live all the same is said.

        Raises:
            StoreError: when the database does not answer.
        """
        with self._database.write() as connection:
            journal.lock_head(connection, issuer.id)
            rows = ((serial, each.kind.value, str(each)) for serial, each in refused.items())
            barred = write_bars(connection, issuer.id, rows, self._clock.now())
            if barred.new:
                serials = [serial_text(serial) for serial in barred.new[:_NAMED]]
                detail = {"issuer": issuer.name, "barred": len(barred.new), "serials": serials, **self._origin}
                self._audit.record(connection, "certificates.barred", detail)
        return [
            Remark(
                refused[serial].source,
                refused[serial].place,
                f"Serial {serial_text(serial)} is registered here as not revoked all the same, and OCSP says good of "
                "it: revoke it with 'pki-revocation revoke', or find out what became of it.",
            )
            for serial in barred.live
        ]

    def write(self, issuer: Issuer, batch: Sequence[Candidate]) -> Written:
        """Put in what is not registered yet, and complete what is; no serial may stand in *batch* twice.

        Looking up each serial first would cost more than it saves while nothing is registered yet, so the whole batch
        is tried, and only one that holds something registered is looked through, and those behind it.

        Raises:
            StoreError: when the database does not answer, or something else goes on registering the same.
        """
        for tried in range(_TRIES):
            looks_up = self._looks_up or tried > 0
            try:
                with self._database.write() as connection:
                    written = self._write(connection, issuer, batch, looks_up=looks_up)
            except RowExists:
                continue
            reach("import.batch.committed")
            self._looks_up = looks_up and written.added < len(batch)
            return written
        raise StoreError("Something else registers the same certificates at this moment: run the import again.")

    def _write(self, connection: Connection, issuer: Issuer, batch: Sequence[Candidate], *, looks_up: bool) -> Written:
        # The head's lock keeps two imports of one issuer, and every revocation, in one order.
        head = journal.lock_head(connection, issuer.id)
        free, barred, lifted = _without_barred(connection, issuer, with_lost(connection, issuer, batch))
        known = registered_among(connection, issuer, [each.serial for each in free]) if looks_up else set[int]()
        registered = compare(connection, issuer, [each for each in free if each.serial in known], self._clock)
        passed = None
        if registered.revoked:
            # Answers that were good may be on their way: nothing dated after these revocations may omit them.
            self._audit.hold(connection)
            passed = self._database.hold_commit_fence(connection, issuer.id, self._clock)
        moment = journal.moment_under_lock(head, self._clock, passed=passed)
        new = [each for each in free if each.serial not in known]
        live = [each for each in new if each.revocation is None and each.not_after >= moment]
        numbered = self._register(connection, issuer, new, live, registered)
        wrong_keys = note_keys(connection, issuer, new, registered.completed, moment)
        revoked = [(each, each.revocation) for each in (*new, *registered.revoked) if each.revocation is not None]
        past = [_new_entry(each, revocation) for each, revocation in revoked]
        left_out = sum(
            entry.reason is not revocation.reason for entry, (_, revocation) in zip(past, revoked, strict=True)
        )
        entries = journal.append(connection, head, past, moment) if past else ()
        if entries:
            record_taken_back(connection, self._audit, issuer, head, moment)
        _tell(connection, issuer, entries, registered.numbers, moment)
        lift_bars(connection, issuer.id, lifted)
        written = Written(
            added=len(new),
            revoked=len(entries) - len(registered.revoked),
            expired=len(new) - (len(entries) - len(registered.revoked)) - len(live),
            numbered=numbered,
            reasons_left_out=left_out,
            completed=len(registered.completed),
            revoked_since=len(registered.revoked),
            agreed=registered.agreed,
            lifted=len(lifted),
            compromised=len(wrong_keys),
            refusals=(*barred, *registered.refusals),
            remarks=(*wrong_keys, *registered.remarks),
        )
        self._record(connection, issuer, written, entries, lifted)
        return written

    def _register(
        self,
        connection: Connection,
        issuer: Issuer,
        new: Sequence[Candidate],
        live: Sequence[Candidate],
        registered: Registered,
    ) -> int:
        """Write rows and numbers; give how many numbers were dealt."""
        lacking = [each.serial for each in live if each.for_subscriber] + registered.lacking
        numbers = dict(zip(lacking, deal_numbers(connection, len(lacking)), strict=True)) if lacking else {}
        if new:
            insert_new(connection, issuer, new, numbers, self._clock.now())
        complete(connection, issuer, registered, numbers, self._clock)
        return len(numbers)

    def _record(
        self,
        connection: Connection,
        issuer: Issuer,
        written: Written,
        entries: Sequence[JournalEntry],
        lifted: Sequence[int],
    ) -> None:
        if written.completed:
            completed = {"issuer": issuer.name, "completed": written.completed, **self._origin}
            self._audit.record(connection, "certificates.completed", completed)
        if lifted:
            serials = [serial_text(serial) for serial in lifted[:_NAMED]]
            bars = {"issuer": issuer.name, "lifted": len(lifted), "serials": serials, "why": "revoked", **self._origin}
            self._audit.record(connection, "certificates.unbarred", bars)
        if not (written.added or entries):
            return
        detail: dict[str, object] = {
            "issuer": issuer.name,
            "added": written.added,
            "numbered": written.numbered,
            "revoked": written.revoked,
            "expired": written.expired,
            **self._origin,
        }
        if written.revoked_since:
            detail["revoked_since"] = written.revoked_since
        if written.reasons_left_out:
            detail["reasons_left_out"] = written.reasons_left_out
        if written.compromised:
            detail["with_compromised_keys"] = written.compromised
        if entries:
            detail |= {
                "first_sequence": entries[0].sequence,
                "last_sequence": entries[-1].sequence,
                "journal_sha256": journal.digest_of(entries),
            }
        self._audit.record(connection, "certificates.imported", detail)


def _without_barred(
    connection: Connection, issuer: Issuer, batch: Sequence[Candidate]
) -> tuple[Sequence[Candidate], list[Refusal], list[int]]:
    """Those that may go in, the refusals of the others, and the bars that a final revocation takes away."""
    bars = barred_among(connection, issuer.id, [each.serial for each in batch])
    if not bars:
        return batch, [], []
    lifted = [each.serial for each in batch if each.serial in bars and each.revocation is not None]
    barred = [each for each in batch if each.serial in bars and each.revocation is None]
    kept_out = {each.serial for each in barred}
    refusals = [
        Refusal(
            each.source,
            each.place,
            RefusalKind.BARRED,
            f"Serial {serial_text(each.serial)} is barred, and does not come in as live ({bars[each.serial].why}). "
            "Import a list that says that it is revoked, or lift the bar with 'pki-revocation certificate unbar'.",
        )
        for each in barred
    ]
    return [each for each in batch if each.serial not in kept_out], refusals, lifted


def _tell(
    connection: Connection,
    issuer: Issuer,
    entries: Sequence[JournalEntry],
    numbers: Mapping[int, str],
    moment: datetime,
) -> None:
    """Queue mails to the subscribers of what was registered as live: their letters count no more."""
    for entry in entries if numbers else ():
        if entry.serial in numbers:
            outbox.tell_of_revocation(connection, numbers[entry.serial], issuer.id, entry.sequence, moment)


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
