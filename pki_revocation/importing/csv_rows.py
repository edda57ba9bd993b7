"""CSV with a header line: one certificate a row, by its columns or as PEM in the column `certificate`.

Comma or semicolon, as spreadsheets of either kind write it; UTF-8, with or without a byte-order mark.
"""

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from pki_revocation.clock import whole_second
from pki_revocation.subscribers.contacts import Contact, UnfitContact
from pki_revocation.subscribers.recipients import Recipient, UnfitRecipient

from .candidates import Candidate, CandidateRefused, PastRevocation, Refusal, RefusalKind, Source
from .known_issuers import KnownIssuers
from .past_reasons import past_reason
from .pem_der import candidate_of, certificate_from_pem
from .subjects import from_text

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
    path: Path, issuer_id: int | None, issuers: KnownIssuers, not_subscribers: Collection[int] = ()
) -> Iterator[Candidate | Refusal]:
    """Every row of the file as a candidate, or as a refusal.

    Args:
        path: the file.
        issuer_id: whose rows they are, where they hold no certificate; None when that was not said.
        issuers: the CAs that may have signed the certificates that rows hold.
        not_subscribers: serials of CA certificates, which get no number.
    """
    source = Source(path, "line")
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        first = file.readline()
        file.seek(0)
        rows = csv.DictReader(file, delimiter=separator(first), strict=True)
        try:
            rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
            _refuse_columns(rows.fieldnames)
        except CandidateRefused as refused:
            yield refused.at(source, 1)
            return
        except csv.Error as error:
            yield Refusal(source, 1, RefusalKind.BROKEN, f"The header is no CSV: {error}.")
            return
        while True:
            begin = rows.line_num + 1
            try:
                row = next(rows)
                yield _candidate(row, source, begin, issuer_id, issuers, not_subscribers)
            except StopIteration:
                return
            except csv.Error as error:
                yield Refusal(source, begin, RefusalKind.BROKEN, f"The row is no CSV: {error}.")
            except CandidateRefused as refused:
                yield refused.at(source, begin)


def separator(header: str) -> str:
    """What stands between the columns of this header."""
    return ";" if header.count(";") > header.count(",") else ","


def _refuse_columns(names: Collection[str]) -> None:
    unknown = [name for name in names if name not in {*REQUIRED, *OPTIONAL}]
    missing = [] if "certificate" in names else [name for name in REQUIRED if name not in names]
    if unknown or missing or len(set(names)) != len(names):
        wrong = [f"unknown is {', '.join(map(repr, unknown))[:200]}"] if unknown else []
        wrong += [f"missing is {', '.join(missing)}"] if missing else []
        what = "; ".join(wrong) or "a column stands there twice"
        raise CandidateRefused(RefusalKind.BROKEN, f"Its columns are not understood ({what}): use {COLUMNS}.")


def _candidate(
    row: Mapping[str | None, str | list[str] | None],
    source: Source,
    place: int,
    issuer_id: int | None,
    issuers: KnownIssuers,
    not_subscribers: Collection[int],
) -> Candidate:
    columns = _cells(row)
    revocation = _revocation(columns)
    if columns.get("certificate"):
        certificate = certificate_from_pem(columns["certificate"].encode())
        if columns.get("serial") and _serial(columns["serial"]) != certificate.serial_number:
            raise CandidateRefused(RefusalKind.SERIAL, "Its serial is not the serial of its certificate.")
        found = candidate_of(certificate, issuers, source, place, revocation)
        return found._replace(recipient=_recipient(columns), contact=_contact(columns))
    if issuer_id is None:
        raise CandidateRefused(
            RefusalKind.ISSUER, "Nothing says which issuer the row belongs to: name it with --issuer."
        )
    if missing := [name for name in REQUIRED if not columns.get(name)]:
        raise CandidateRefused(RefusalKind.BROKEN, f"It has no {', '.join(missing)}.")
    serial = _serial(columns["serial"])
    subject, organisation = from_text(columns["subject"])
    return Candidate(
        source=source,
        place=place,
        issuer_id=issuer_id,
        serial=serial,
        subject=subject,
        organisation=" ".join(columns.get("organisation", "").split()) or organisation,
        not_before=_moment("not_before", columns["not_before"]) if columns.get("not_before") else None,
        not_after=_moment("not_after", columns["not_after"]),
        revocation=revocation,
        for_subscriber=serial not in not_subscribers,
        is_ca=serial in not_subscribers,
        shard=issuers.shard_at(issuer_id, columns.get("distribution_point", "")),
        recipient=_recipient(columns),
        contact=_contact(columns),
    )


def _cells(row: Mapping[str | None, str | list[str] | None]) -> dict[str, str]:
    """The row's cells by their columns; DictReader keeps those beyond the header under None."""
    if None in row:
        raise CandidateRefused(RefusalKind.BROKEN, "It has more columns than the header.")
    cells = {name: cell.strip() for name, cell in row.items() if name is not None and isinstance(cell, str)}
    text = "".join(cells.values())
    if not text.isascii() and any("\udc80" <= each <= "\udcff" for each in text):
        raise CandidateRefused(RefusalKind.BROKEN, "The row is not UTF-8.")
    if "\0" in text:
        raise CandidateRefused(RefusalKind.BROKEN, "The row has a NUL character.")
    return cells


def _revocation(columns: Mapping[str, str]) -> PastRevocation | None:
    status = (columns.get("status") or ("R" if columns.get("revoked_at") else "V")).upper()
    if status == "V":
        if columns.get("revoked_at") or columns.get("reason"):
            raise CandidateRefused(RefusalKind.BROKEN, "It is marked V, and has a revocation date or reason.")
        return None
    if status != "R":
        raise CandidateRefused(RefusalKind.BROKEN, f"Its status {status[:10]!r} is neither V nor R.")
    if not columns.get("revoked_at"):
        raise CandidateRefused(RefusalKind.DATE, "It is marked R, and has no revoked_at.")
    return PastRevocation(_moment("revoked_at", columns["revoked_at"]), past_reason(columns.get("reason", "")))


def _recipient(columns: Mapping[str, str]) -> Recipient | None:
    lines = re.split(r"[|\n]", columns.get("address", ""))
    try:
        return Recipient.of(columns.get("language", ""), lines)
    except UnfitRecipient as error:
        raise CandidateRefused(RefusalKind.BROKEN, str(error)) from None


def _contact(columns: Mapping[str, str]) -> Contact | None:
    """The one language of a row is the letter's and the mails'."""
    if not columns.get("email"):
        return None
    try:
        return Contact.of(columns["email"], columns.get("language", ""))
    except UnfitContact as error:
        raise CandidateRefused(RefusalKind.BROKEN, str(error)) from None


def _serial(text: str) -> int:
    if not _SERIAL.fullmatch(text):
        raise CandidateRefused(RefusalKind.SERIAL, f"Its serial {text[:60]!r} is not hexadecimal.")
    return int(text, 16)


def _moment(column: str, text: str) -> datetime:
    try:
        return whole_second(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise CandidateRefused(
            RefusalKind.DATE,
            f"Its {column} {text[:40]!r} is no moment as 2027-11-23T14:03:22Z or with a zone such as +01:00.",
        ) from None
