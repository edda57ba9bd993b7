"""CSV with a header line: one certificate a row, by its columns or as PEM in the column `certificate`.

Comma or semicolon, as spreadsheets of either kind write it; in the encodings that `text_files` reads. `csv_columns` has
the columns, and `csv_cells` what stands in them.
"""

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TextIO

from pki_revocation.model import UNKNOWN_END

from .candidates import Candidate, CandidateRefused, Refusal, RefusalKind, Remark, SerialOf, Source
from .csv_cells import cells_of, contact_of, known_moment, past_revocation, recipient_of
from .csv_columns import REQUIRED, refuse_columns, separator
from .known_issuers import KnownIssuers
from .pem_der import candidate_of, certificate_from_pem
from .serial_base import SerialBase, base_of
from .subjects import from_text
from .text_files import open_text, without_marks

_SERIAL = re.compile(r"-?[0-9A-Fa-f]+")


def read_csv(
    path: Path,
    issuer_id: int | None,
    issuers: KnownIssuers,
    not_subscribers: Collection[int] = (),
    base: SerialBase | None = None,
    *,
    doubtful: bool = False,
) -> Iterator[Candidate | Refusal | Remark]:
    """Every row of the file as a candidate, or as a refusal.

    Args:
        path: the file.
        issuer_id: whose rows they are, where they hold no certificate; None when that was not said.
        issuers: the CAs that may have signed the certificates that rows hold.
        not_subscribers: serials of CA certificates, which get no number.
        base: how serials are written; None where that was not said.
        doubtful: whether rows with a certificate are passed over where nothing but it could be wrong.
    """
    source = Source(path, "line")
    base, remark = base_of(path, base)
    if remark:
        yield Remark(source, None, remark)
    with open_text(path, keep_ends=True) as file:
        lines = _Lines(file)
        rows = csv.DictReader(lines, delimiter=separator(lines.header), strict=True)
        try:
            rows.fieldnames = [without_marks(name).strip().lower() for name in rows.fieldnames or ()]
            refuse_columns(rows.fieldnames)
        except CandidateRefused as refused:
            yield replace(refused.at(source, 1), hides_status=True)
            return
        except csv.Error as error:
            yield Refusal(source, 1, RefusalKind.BROKEN, f"The header is no CSV: {error}.", hides_status=True)
            return
        reader = _RowReader(source, issuer_id, issuers, not_subscribers, base)
        reader.is_doubting = doubtful
        while True:
            begin = rows.line_num + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                cells = dict(zip(rows.fieldnames, lines.last.split(rows.reader.dialect.delimiter), strict=False))
                yield Refusal(
                    source,
                    begin,
                    RefusalKind.BROKEN,
                    f"The row is no CSV: {error}.",
                    reader.about(cells),
                    issuer_id is None,
                )
                continue
            yield from reader.read(row, begin)


class _Lines:
    """The lines of a file, of which the last one is remembered for a row that cannot be read."""

    def __init__(self, file: TextIO) -> None:
        self.header = file.readline()
        self.last = ""
        self._file = file
        self._lines = chain((self.header,), file)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.last = next(self._lines)
        return self.last


class _RowReader:
    """Rows of one file, one after the other."""

    def __init__(
        self,
        source: Source,
        issuer_id: int | None,
        issuers: KnownIssuers,
        not_subscribers: Collection[int],
        base: SerialBase,
    ) -> None:
        self._source = source
        self._issuer_id = issuer_id
        self._issuers = issuers
        self._not_subscribers = not_subscribers
        self._base = base
        self.is_doubting = False

    def read(
        self, row: Mapping[str | None, str | list[str] | None], place: int
    ) -> Iterator[Candidate | Refusal | Remark]:
        """What a row says: a candidate with remarks on what was left out, or a refusal."""
        columns = {name: cell.strip() for name, cell in row.items() if name is not None and isinstance(cell, str)}
        left_out: list[str] = []
        try:
            cells = cells_of(columns, left_out, is_longer=None in row)
            if self.is_doubting and cells.get("certificate"):
                past_revocation(cells)
                return
            candidate = self._candidate(cells, place, left_out)
        except CandidateRefused as refused:
            no_issuer = (
                refused.kind is RefusalKind.ISSUER and self._issuer_id is None and not columns.get("certificate")
            )
            yield replace(refused.at(self._source, place, self.about(columns)), hides_status=no_issuer)
            return
        yield from (Remark(self._source, place, sentence) for sentence in left_out)
        yield candidate

    def about(self, columns: Mapping[str, str]) -> SerialOf | None:
        """The certificate that a refused row is about, by its own certificate or else by its serial."""
        if text := columns.get("certificate"):
            try:
                certificate = certificate_from_pem(text)
                return SerialOf(self._issuers.signer_of(certificate).id, certificate.serial)
            except CandidateRefused:
                return None
        try:
            serial = self._serial(columns.get("serial", "").strip())
        except CandidateRefused:
            return None
        return None if self._issuer_id is None else SerialOf(self._issuer_id, serial)

    def _candidate(self, columns: Mapping[str, str], place: int, left_out: list[str]) -> Candidate:
        revocation = past_revocation(columns)
        if columns.get("certificate"):
            certificate = certificate_from_pem(columns["certificate"])
            if columns.get("serial") and self._serial(columns["serial"]) != certificate.serial:
                raise CandidateRefused(RefusalKind.SERIAL, "Its serial is not the serial of its certificate.")
            found = candidate_of(certificate, self._issuers, self._source, place, revocation)
            return found._replace(
                recipient=recipient_of(columns, left_out), contact=contact_of(columns, left_out), tells=True
            )
        if self._issuer_id is None:
            raise CandidateRefused(
                RefusalKind.ISSUER, "Nothing says which issuer the row belongs to: name it with --issuer."
            )
        # Of what is revoked, nothing but the serial must be known (RFC 5280 section 5).
        required = REQUIRED if revocation is None else ("serial",)
        if missing := [name for name in required if not columns.get(name)]:
            raise CandidateRefused(RefusalKind.BROKEN, f"It has no {', '.join(missing)}.")
        serial = self._serial(columns["serial"])
        subject, organisation = from_text(columns.get("subject", ""))
        moments = {name: known_moment(name, columns, revocation, left_out) for name in ("not_before", "not_after")}
        return Candidate(
            source=self._source,
            place=place,
            issuer_id=self._issuer_id,
            serial=serial,
            subject=subject,
            organisation=" ".join(columns.get("organisation", "").split()) or organisation,
            not_before=moments["not_before"],
            not_after=moments["not_after"] or UNKNOWN_END,
            revocation=revocation,
            for_subscriber=serial not in self._not_subscribers,
            is_ca=serial in self._not_subscribers,
            shard=self._issuers.shard_at(self._issuer_id, columns.get("distribution_point", "")),
            recipient=recipient_of(columns, left_out),
            contact=contact_of(columns, left_out),
            tells=True,
        )

    def _serial(self, text: str) -> int:
        if not _SERIAL.fullmatch(text):
            raise CandidateRefused(RefusalKind.SERIAL, f"Its serial {text[:60]!r} is not hexadecimal.")
        try:
            return int(text, self._base.value)
        except ValueError:
            raise CandidateRefused(RefusalKind.SERIAL, f"Its serial {text[:60]!r} is not decimal.") from None
