"""Takes revocations back into the journal that public CRLs list, after a database came back from an old backup.

The CRL is the evidence: its number and digest are audited with what was written, and the CRL itself is kept. What it
tells is imported as it stands and in the order of its dates: date, reason and invalidity date are the CRL's, and the
moment of recording is now. References are new, because no CRL has them: a subscriber's old address names the
certificate as well, and shows the row that took the lost one's place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database.bulk import bulk_insert
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.host import durable_files
from pki_revocation.model import UNKNOWN_END, Channel, EntryKind, Issuer

from .evidence import CrlEvidence
from .missing_rows import MissingRow, MissingRows, missing_rows

_COLUMNS = ("issuer_id", "serial", "subject", "organisation", "not_after", "imported_at", "is_ca", "shard")
_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlRestoration:
    """What one issuer's journal lacks, and how it is taken back; *folder* is where the evidence is kept."""

    database: Database
    clock: Clock
    audit: AuditTrail
    folder: Path
    issuer: Issuer
    evidence: Sequence[CrlEvidence]
    found: MissingRows

    @property
    def changes(self) -> int:
        """How many rows the journal would get."""
        return len(self.found.rows)

    @property
    def stays(self) -> Sequence[str]:
        """The differences that stay as they are, a sentence each."""
        return self.found.left

    def lines(self) -> Iterator[str]:
        """What would be done, for people."""
        for each in self.evidence:
            yield f"{self.issuer.name}: evidence is CRL {each.crl.number} of scope {each.scope.name}, {each.source}"
        for source in self.found.remembered:
            yield f"{self.issuer.name}: remembered is what was public as {source}"
        yield f"{self.issuer.name}: the journal lacks {len(self.found.rows)} rows"
        yield from (f"  {row}" for row in self.found.rows[:_SHOWN])
        if len(self.found.rows) > _SHOWN:
            yield f"  … and {len(self.found.rows) - _SHOWN} more: --json lists them all"
        yield from self.found.left

    def as_json(self) -> dict[str, object]:
        """What would be done, for programs."""
        return {
            "issuer": self.issuer.name,
            "evidence": [each.as_json() for each in self.evidence],
            "rows": [row.as_json() for row in self.found.rows],
            "left": self.found.left,
            "remembered": self.found.remembered,
        }

    def carry_out(self, source: dict[str, str]) -> str:
        """Write the rows, in one transaction; give the sentence that says what was done.

        Raises:
            StoreError: when the database does not answer.
            OSError: when the evidence cannot be kept; then nothing is written.
        """
        files = [_keep(self.folder, self.issuer, each) for each in self.evidence]
        with self.database.write() as connection:
            head = journal.lock_head(connection, self.issuer.id)
            # Once more: a subscriber may have revoked one of them while this was shown.
            found = missing_rows(connection, self.issuer, self.evidence, self.clock.now())
            self.audit.hold(connection)
            passed = self.database.hold_commit_fence(connection, self.issuer.id, self.clock)
            moment = journal.moment_under_lock(head, self.clock, passed=passed)
            self._register(connection, found.rows)
            written = journal.append(connection, head, [_new_entry(row) for row in found.rows], moment)
            if written:
                detail = {
                    "issuer": self.issuer.name,
                    "evidence": [
                        each.as_json() | {"kept": file.name} for each, file in zip(self.evidence, files, strict=True)
                    ],
                    "remembered": found.remembered,
                    "first_sequence": written[0].sequence,
                    "last_sequence": written[-1].sequence,
                    "registered": sum(not row.is_registered for row in found.rows),
                    "journal_sha256": journal.digest_of(written),
                }
                self.audit.record(connection, "journal.restored", detail, personal=source)
        if not written:
            return f"{self.issuer.name}: another process wrote all of them meanwhile."
        return (
            f"{self.issuer.name}: {len(written)} rows were taken back into the journal, up to sequence "
            f"{written[-1].sequence}; the evidence is kept in {self.folder}."
        )

    def _register(self, connection: Connection, rows: Sequence[MissingRow]) -> None:
        """Register certificates issued after the backup: no subject, and no end, so that none leaves a CRL early."""
        now = self.clock.now()
        values = (
            (self.issuer.id, row.serial, "", "", UNKNOWN_END, now, row.is_ca, row.shard)
            for row in rows
            if not row.is_registered
        )
        bulk_insert(connection, certificates, _COLUMNS, values)


def _new_entry(row: MissingRow) -> journal.NewEntry:
    return journal.NewEntry(
        kind=EntryKind(row.kind),
        serial=row.serial,
        reason=row.reason,
        channel=Channel.RESTORE,
        revocation_date=row.revocation_date,
        invalidity_date=row.invalidity_date,
    )


def _keep(folder: Path, issuer: Issuer, evidence: CrlEvidence) -> Path:
    """The path of the CRL in a file of its own, on disk before the journal refers to it; the same CRL is kept once."""
    durable_files.make_folder(folder)
    crl = evidence.crl
    target = folder / f"{issuer.name}-{crl.number}-{crl.sha256.hex()[:16]}.crl"
    if target.exists() and target.read_bytes() == crl.data:
        # A run that was killed may have named it and come no further.
        durable_files.sync_folder(folder)
        return target
    durable_files.write(target, crl.data)
    return target
