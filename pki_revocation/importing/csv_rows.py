"""CSV with a header line: one certificate a row, by its columns or as PEM in the column `certificate`.

Comma or semicolon, as spreadsheets of either kind write it; in the encodings that `text_files` reads. What is revoked
comes in whatever else its row has: contact data that cannot be used is left out, and said so.
"""

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TextIO

from pki_revocation.clock import whole_second
from pki_revocation.model import UNKNOWN_END
from pki_revocation.subscribers.contacts import Contact, UnfitContact
from pki_revocation.subscribers.recipients import Recipient, UnfitRecipient

from .candidates import Candidate, CandidateRefused, PastRevocation, Refusal, RefusalKind, Remark, SerialOf, Source
from .known_issuers import KnownIssuers
from .past_reasons import past_reason
from .pem_der import candidate_of, certificate_from_pem
from .serial_base import SerialBase, base_of
from .subjects import from_text
from .text_files import has_octets, open_text, with_octets_shown, without_marks

REQUIRED = ("serial", "subject", "not_after")
OPTIONAL = (
    "not_before",
    "organisation",
    "status",
    "revoked_at",
    "reason",
    "distribution_point",
    "certificate",
    "language",
    "address",
    "email",
)
COLUMNS = (
    "serial (hexadecimal), subject and not_after (ISO 8601 with a zone), or certificate (PEM) instead of these; "
    "and optionally not_before, organisation, status (V or R), revoked_at, reason, distribution_point, language (nl or "
    "en), address (lines with | between them) and email (of the contact)"
)
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
            _refuse_columns(rows.fieldnames)
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


def separator(header: str) -> str:
    """What stands between the columns of this header."""
    return ";" if header.count(";") > header.count(",") else ","


def _refuse_columns(names: Collection[str]) -> None:
    unknown = [name for name in names if name not in {*REQUIRED, *OPTIONAL}]
    # Of revoked rows the serial is enough; a row that is none and lacks something is refused by itself.
    required = ("serial",) if "revoked_at" in names else REQUIRED
    missing = [] if "certificate" in names else [name for name in required if name not in names]
    if unknown or missing or len(set(names)) != len(names):
        wrong = [f"unknown is {', '.join(map(repr, unknown))[:200]}"] if unknown else []
        wrong += [f"missing is {', '.join(missing)}"] if missing else []
        what = "; ".join(wrong) or "a column stands there twice"
        raise CandidateRefused(RefusalKind.BROKEN, f"Its columns are not understood ({what}): use {COLUMNS}.")


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
            cells = _cells(columns, left_out, is_longer=None in row)
            if self.is_doubting and cells.get("certificate"):
                _revocation(cells)
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
        revocation = _revocation(columns)
        if columns.get("certificate"):
            certificate = certificate_from_pem(columns["certificate"])
            if columns.get("serial") and self._serial(columns["serial"]) != certificate.serial:
                raise CandidateRefused(RefusalKind.SERIAL, "Its serial is not the serial of its certificate.")
            found = candidate_of(certificate, self._issuers, self._source, place, revocation)
            return found._replace(
                recipient=_recipient(columns, left_out), contact=_contact(columns, left_out), tells=True
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
        moments = {name: _known_moment(name, columns, revocation, left_out) for name in ("not_before", "not_after")}
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
            recipient=_recipient(columns, left_out),
            contact=_contact(columns, left_out),
            tells=True,
        )

    def _serial(self, text: str) -> int:
        if not _SERIAL.fullmatch(text):
            raise CandidateRefused(RefusalKind.SERIAL, f"Its serial {text[:60]!r} is not hexadecimal.")
        try:
            return int(text, self._base.value)
        except ValueError:
            raise CandidateRefused(RefusalKind.SERIAL, f"Its serial {text[:60]!r} is not decimal.") from None


def _cells(columns: dict[str, str], left_out: list[str], *, is_longer: bool) -> dict[str, str]:
    """The row's cells by their columns, as text that can be shown; *is_longer* than the header it may not be."""
    if is_longer:
        raise CandidateRefused(RefusalKind.BROKEN, "It has more columns than the header.")
    text = "".join(columns.values())
    if "\0" in text:
        raise CandidateRefused(RefusalKind.BROKEN, "The row has a NUL character.")
    if has_octets(text):
        left_out.append("The row is not UTF-8: it was read as Latin-1.")
        return {name: with_octets_shown(cell) for name, cell in columns.items()}
    return columns


def _revocation(columns: Mapping[str, str]) -> PastRevocation | None:
    status = (columns.get("status") or ("R" if columns.get("revoked_at") else "V")).upper()
    if status == "V":
        if columns.get("revoked_at") or columns.get("reason"):
            raise CandidateRefused(RefusalKind.BROKEN, "It is marked V, and has a revocation date or reason.")
        return None
    if status != "R":
        raise CandidateRefused(RefusalKind.BROKEN, f"Its status {status[:10]!r} is neither V nor R.")
    # The reason first: what is on hold is said so, whatever its date.
    reason = past_reason(columns.get("reason", ""))
    if not columns.get("revoked_at"):
        raise CandidateRefused(RefusalKind.DATE, "It is marked R, and has no revoked_at.")
    return PastRevocation(_moment("revoked_at", columns["revoked_at"]), reason)


def _recipient(columns: Mapping[str, str], left_out: list[str]) -> Recipient | None:
    """Language and address, each left out where no letter could have it."""
    language, lines = columns.get("language", ""), re.split(r"[|\n]", columns.get("address", ""))
    for chosen, printed in ((language, lines), (language, []), ("", lines)):
        try:
            return Recipient.of(chosen, printed)
        except UnfitRecipient as error:
            if (sentence := f"{error} It went in without that.") not in left_out:
                left_out.append(sentence)
    return None


def _contact(columns: Mapping[str, str], left_out: list[str]) -> Contact | None:
    """The one language of a row is the letter's and the mails'."""
    if not columns.get("email"):
        return None
    for language in (columns.get("language", ""), ""):
        try:
            return Contact.of(columns["email"], language)
        except UnfitContact as error:
            if (sentence := f"{error} It went in without that.") not in left_out:
                left_out.append(sentence)
    return None


def _known_moment(
    column: str, columns: Mapping[str, str], revocation: PastRevocation | None, left_out: list[str]
) -> datetime | None:
    """A date of the row, where it has one; of what is revoked it may be unreadable."""
    if not columns.get(column):
        return None
    try:
        return _moment(column, columns[column])
    except CandidateRefused as refused:
        if revocation is None:
            raise
        left_out.append(f"{refused} It went in as revoked without it.")
        return None


def _moment(column: str, text: str) -> datetime:
    try:
        return whole_second(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise CandidateRefused(
            RefusalKind.DATE,
            f"Its {column} {text[:40]!r} is no moment as 2027-11-23T14:03:22Z or with a zone such as +01:00.",
        ) from None
