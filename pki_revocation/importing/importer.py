"""The importer: every source's certificates go in by batches, and what does not is refused one by one.

Lists are looked through once before anything is written: a row that is refused bars its serial, and must do so whatever
comes before it, on the same lines or in another file.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.encoding.serials import is_storable
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers, crl_shard_addresses, issuer_named

from .batch import BatchWriter
from .candidates import Candidate, Refusal, RefusalKind, Remark, objection, remark_on_serial
from .known_issuers import KnownIssuers
from .merging import merged
from .pacing import PublisherPace
from .reading import Reader
from .report import ImportReport, Tally
from .serial_base import SerialBase
from .sources import Format, sources
from .text_files import is_cut_off

# A transaction of this many rows holds the issuer's journal for about half a second, so that a revocation that comes
# in during an import of a million rows does not wait for long, and the publisher follows it (`entry_store`).
BATCH_ROWS = 5_000

Progress = Callable[[int], None]


class Importer:
    """Brings in certificates, with the revocations that their sources tell of."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit: AuditTrail,
        batch_rows: int = BATCH_ROWS,
        origin: Mapping[str, object] | None = None,
        pace: PublisherPace | None = None,
    ) -> None:
        """Import into *database*, *batch_rows* at once and at this *pace*; *audit* records each batch with *origin*."""
        self._database = database
        self._clock = clock
        self._batch_rows = batch_rows
        self._writer = BatchWriter(database=database, clock=clock, audit=audit, origin=origin)
        self._pace = pace or PublisherPace(database=database, clock=clock)

    def run(
        self,
        paths: Iterable[Path],
        issuer_name: str | None = None,
        progress: Progress | None = None,
        *,
        serials: SerialBase | None = None,
        may_be_cut: bool = False,
        told: Callable[[Refusal | Remark], None] | None = None,
    ) -> ImportReport:
        """Import files and folders, and report what went in and what was refused.

        Args:
            paths: PEM, DER, an OpenSSL index.txt, CSV, and folders of them.
            issuer_name: whose rows those of an index.txt and of CSV are; the default issuer's for None. Certificates
                belong to the issuer that signed them.
            progress: called with the number of rows done so far, after each batch.
            serials: how the serials of a CSV are written; None where each file is to show it.
            may_be_cut: whether the files may not be whole yet: a last line without an end bars nothing then.
            told: gets every refusal and remark as it comes; the report keeps the first of them alone.

        Raises:
            NotFound: when no issuer has that name, or none is registered at all.
            StoreError: when the database does not answer; the batches before stay in.
        """
        with self._database.read() as connection:
            issuers = {issuer.id: issuer for issuer in all_issuers(connection)}
            shards = crl_shard_addresses(connection)
            default = any(issuer.is_default for issuer in issuers.values())
            chosen = issuer_named(connection, issuer_name) if issuer_name or default or not issuers else None
        reader = Reader(chosen, KnownIssuers(tuple(issuers.values()), shards), serials)
        files = list(sources(paths))
        tally = Tally(told)
        hidden = self._bar(reader, files, issuers, tally, may_be_cut=may_be_cut)
        pending: dict[int, dict[int, Candidate]] = {issuer_id: {} for issuer_id in issuers}
        now = self._clock.now()
        for found in reader.read(files):
            if isinstance(found, Remark):
                tally.remark(found)
                continue
            refusal = found if isinstance(found, Refusal) else objection(found, now) or _waits(found, hidden)
            if refusal is not None:
                tally.refuse(refusal)
            elif isinstance(found, Candidate):
                batch = pending[found.issuer_id]
                _put(batch, found, tally)
                if len(batch) == self._batch_rows:
                    self._flush(issuers[found.issuer_id], batch, tally, progress)
                    now = self._clock.now()
        for issuer_id, batch in pending.items():
            self._flush(issuers[issuer_id], batch, tally, progress)
        return tally.report()

    def _bar(
        self,
        reader: Reader,
        files: Sequence[tuple[Path, Format] | Refusal],
        issuers: Mapping[int, Issuer],
        tally: Tally,
        *,
        may_be_cut: bool,
    ) -> Refusal | None:
        """Bar what rows of lists are refused of; give a refusal of a list that says nothing, where there is one."""
        now, hidden = self._clock.now(), None
        refused: dict[int, dict[int, Refusal]] = defaultdict(dict)
        for found in reader.doubtful(files, now):
            refusal = found if isinstance(found, Refusal) else objection(found, now)
            if refusal is None:
                continue
            if refusal.hides_status:
                hidden = hidden or refusal
            if may_be_cut and is_cut_off(refusal.source.path, refusal.place):
                continue
            if refusal.about is not None and is_storable(refusal.about.serial):
                bars = refused[refusal.about.issuer_id]
                # A hold says more than anything else that is wrong.
                if refusal.kind is RefusalKind.HOLD or refusal.about.serial not in bars:
                    bars[refusal.about.serial] = refusal
        for issuer_id, bars in refused.items():
            for remark in self._writer.bar(issuers[issuer_id], bars):
                tally.remark(remark)
        return hidden

    def _flush(self, issuer: Issuer, batch: dict[int, Candidate], tally: Tally, progress: Progress | None) -> None:
        if batch:
            if any(each.revocation is not None for each in batch.values()):
                self._pace.keep(issuer)
            tally.add(self._writer.write(issuer, list(batch.values())))
            batch.clear()
        if progress is not None:
            progress(tally.rows)


def _put(batch: dict[int, Candidate], found: Candidate, tally: Tally) -> None:
    """Put a candidate beside the others, or together with the one of the same serial."""
    first = batch.setdefault(found.serial, found)
    if first is found:
        if remark := remark_on_serial(found):
            tally.remark(remark)
        return
    both = merged(first, found)
    batch[found.serial] = both.candidate
    if both.refusal is not None:
        tally.refuse(both.refusal)
        return
    tally.agreed += 1
    if both.remark is not None:
        tally.remark(both.remark)


def _waits(found: Candidate, hidden: Refusal | None) -> Refusal | None:
    """A bare certificate does not go in as live beside a list that may say that it is revoked, and cannot be read."""
    if hidden is None or found.tells or found.revocation is not None:
        return None
    reason = (
        f"It may be revoked: {hidden.source} may say so, and nothing in it could be read. Import it together with that "
        "list, or without naming the list."
    )
    return found.refused(RefusalKind.BARRED, reason)
