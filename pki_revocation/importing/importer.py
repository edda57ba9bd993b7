"""The importer: every source's certificates go in by batches, and what does not is refused one by one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers, crl_shard_addresses, issuer_named

from .batch import BatchWriter
from .candidates import Candidate, Refusal, RefusalKind, Source, duplicate, objection
from .csv_rows import read_csv
from .index_txt import read_index
from .known_issuers import KnownIssuers
from .pem_der import read_der, read_pem
from .report import ImportReport, Tally
from .sources import Format, sources

# A transaction of this many rows holds the issuer's journal for about half a second, so that a revocation that comes
# in during an import of a million rows does not wait for long; fewer rows a batch would be slower.
BATCH_ROWS = 20_000

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
    ) -> None:
        """Import into *database*, *batch_rows* at once; *audit* records each batch with *origin*."""
        self._database = database
        self._clock = clock
        self._batch_rows = batch_rows
        self._writer = BatchWriter(database=database, clock=clock, audit=audit, origin=origin)

    def run(
        self, paths: Iterable[Path], issuer_name: str | None = None, progress: Progress | None = None
    ) -> ImportReport:
        """Import files and folders, and report what went in and what was refused.

        Args:
            paths: PEM, DER, an OpenSSL index.txt, CSV, and folders of them.
            issuer_name: whose rows those of an index.txt and of CSV are; the default issuer's for None. Certificates
                belong to the issuer that signed them.
            progress: called with the number of rows done so far, after each batch.

        Raises:
            NotFound: when no issuer has that name, or none is registered at all.
            StoreError: when the database does not answer; the batches before stay in.
        """
        with self._database.read() as connection:
            issuers = {issuer.id: issuer for issuer in all_issuers(connection)}
            shards = crl_shard_addresses(connection)
            default = any(issuer.is_default for issuer in issuers.values())
            chosen = issuer_named(connection, issuer_name) if issuer_name or default or not issuers else None
        reader = _Reader(chosen, KnownIssuers(tuple(issuers.values()), shards))
        tally = Tally()
        pending: dict[int, dict[int, Candidate]] = {issuer_id: {} for issuer_id in issuers}
        now = self._clock.now()
        for found in reader.read(paths):
            refusal = found if isinstance(found, Refusal) else objection(found, now)
            if refusal is None and isinstance(found, Candidate):
                batch = pending[found.issuer_id]
                if batch.setdefault(found.serial, found) is not found:
                    refusal = duplicate(
                        found, "stands in this import twice", revoked=batch[found.serial].revocation is not None
                    )
                elif len(batch) == self._batch_rows:
                    self._flush(issuers[found.issuer_id], batch, tally, progress)
                    now = self._clock.now()
            if refusal is not None:
                tally.refuse(refusal)
        for issuer_id, batch in pending.items():
            self._flush(issuers[issuer_id], batch, tally, progress)
        return tally.report()

    def _flush(self, issuer: Issuer, batch: dict[int, Candidate], tally: Tally, progress: Progress | None) -> None:
        if batch:
            written = self._writer.write(issuer, list(batch.values()))
            tally.added += written.added
            tally.revoked += written.revoked
            tally.expired += written.expired
            tally.numbered += written.numbered
            tally.completed += written.completed
            tally.reasons_left_out += written.reasons_left_out
            for refusal in written.refusals:
                tally.refuse(refusal)
            batch.clear()
        if progress is not None:
            progress(tally.rows)


class _Reader:
    """All paths as one stream of candidates and refusals."""

    def __init__(self, chosen: Issuer | None, known: KnownIssuers) -> None:
        self._chosen = chosen
        self._known = known
        self._authorities = frozenset[int]() if chosen is None else known.serials_signed_by(chosen)

    def read(self, paths: Iterable[Path]) -> Iterator[Candidate | Refusal]:
        for found in sources(paths):
            if isinstance(found, Refusal):
                yield found
                continue
            path, kind = found
            try:
                yield from self._file(path, kind)
            except OSError as error:
                reason = f"It cannot be read to its end: {error.strerror or error}."
                yield Refusal(Source(path, "line"), None, RefusalKind.BROKEN, reason)

    def _file(self, path: Path, kind: Format) -> Iterator[Candidate | Refusal]:
        match kind:
            case Format.PEM:
                return read_pem(path, self._known)
            case Format.DER:
                return read_der(path, self._known)
            case Format.CSV:
                return read_csv(path, None if self._chosen is None else self._chosen.id, self._known, self._authorities)
            case Format.INDEX if self._chosen is not None:
                return read_index(path, self._chosen.id, self._authorities)
            case Format.INDEX:
                reason = "Nothing says whose index this is: name the issuer with --issuer."
                return iter((Refusal(Source(path, "line"), None, RefusalKind.ISSUER, reason),))
            case Format.NOTHING:
                return iter(())
