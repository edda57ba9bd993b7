"""OpenSSL's `index.txt`: one certificate a line, as `openssl ca` and `TXT_DB_write` write it.

Tab-separated: status (V, R or E), end of validity, revocation (date, reason and its argument), serial, file name,
subject. Read as a stream; a broken line is refused and the next one is read.
"""

import contextlib
import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pki_revocation.model import UNKNOWN_END
from pki_revocation.reasons import RevocationReason

from .candidates import Candidate, CandidateRefused, PastRevocation, Refusal, RefusalKind, Remark, SerialOf, Source
from .past_reasons import past_reason
from .subjects import from_oneline, from_text
from .text_files import has_octets, open_text, with_octets_shown, without_marks

_ROW = re.compile(r"([VRE])\t([^\t]*)\t([^\t]*)\t(-?[0-9A-Fa-f]+)\t(?:[^\t]|(?<=\\)\t)*\t([^\t]*)")
_SERIAL = re.compile(r"-?[0-9A-Fa-f]+")
# A line in which nothing can be wrong but a revocation date in the future: days to the 28th, years 2000 to 2049.
_DATE = r"[0-4]\d(?:0[1-9]|1[0-2])(?:0[1-9]|1\d|2[0-8])(?:[01]\d|2[0-3])[0-5]\d[0-5]\dZ"
_PLAIN = re.compile(
    rf"(?:V\t{_DATE}\t|R\t{_DATE}\t({_DATE})(?:,(?:unspecified|keyCompromise|CACompromise|affiliationChanged|superseded|"
    r"cessationOfOperation|privilegeWithdrawn|AACompromise))?)\t[0-9A-Fa-f]{1,40}\t[^\t]*\t[^\t]*"
)
_UTC_TIME = re.compile(r"[0-9]{12}Z")
_GENERALIZED_TIME = re.compile(r"[0-9]{14}Z")
_CENTURY_TURN = 50
_COLUMNS = 6
_SERIAL_COLUMN = 3


def read_index(
    path: Path, issuer_id: int, not_subscribers: Collection[int] = (), *, doubtful_at: datetime | None = None
) -> Iterator[Candidate | Refusal | Remark]:
    """Every line of the file as a candidate of this issuer, or as a refusal.

    Args:
        path: the file.
        issuer_id: whose index it is; the file itself does not say.
        not_subscribers: serials of CA certificates, which get no number.
        doubtful_at: the present, where lines are passed over that are plainly right, which is ten times as fast.
    """
    source = Source(path, "line")
    now = "" if doubtful_at is None else f"{doubtful_at:%y%m%d%H%M%SZ}"
    with open_text(path) as lines:
        for place, line in enumerate(lines, start=1):
            text = without_marks(line.rstrip("\n"))
            if (
                not text
                or text.startswith("#")
                or (now and (right := _PLAIN.fullmatch(text)) and (right[1] or "") <= now)
            ):
                continue
            try:
                if has_octets(text):
                    text = with_octets_shown(text)
                    yield Remark(source, place, "The line is not UTF-8: it was read as Latin-1.")
                found = _candidate(source, place, issuer_id, text, not_subscribers)
            except CandidateRefused as refused:
                yield refused.at(source, place, _about(issuer_id, text))
                continue
            if found.not_after is UNKNOWN_END:
                yield Remark(source, place, "It went in as revoked, with its end unknown: that is no date.")
            yield found


def _candidate(source: Source, place: int, issuer_id: int, line: str, not_subscribers: Collection[int]) -> Candidate:
    row = _ROW.fullmatch(line)
    if row is None:
        raise CandidateRefused(RefusalKind.BROKEN, _what_is_wrong(line))
    status, expiry, revoked, hexadecimal, oneline = row.groups()
    try:
        subject, organisation = from_oneline(oneline)
    except ValueError:
        # Whose it is does not decide whether it is revoked: the text is shown as it stands.
        subject, organisation = from_text(oneline)
    serial = int(hexadecimal, 16)
    revocation = _revocation(status, revoked)
    try:
        not_after = _moment(expiry)
    except CandidateRefused:
        if revocation is None:
            raise
        not_after = UNKNOWN_END
    is_authority = serial in not_subscribers
    return Candidate(
        source=source,
        place=place,
        issuer_id=issuer_id,
        serial=serial,
        subject=subject,
        organisation=organisation,
        not_before=None,
        not_after=not_after,
        revocation=revocation,
        for_subscriber=not is_authority,
        is_ca=is_authority,
        marked_expired=status == "E",
        tells=True,
    )


def _revocation(status: str, column: str) -> PastRevocation | None:
    """'YYMMDDHHMMSSZ', '…,reason' or '…,reason,argument' (make_revocation_str in OpenSSL's apps/ca.c)."""
    if status != "R":
        if column:
            raise CandidateRefused(RefusalKind.BROKEN, f"It is marked {status}, and has a revocation date.")
        return None
    date, _, rest = column.partition(",")
    name, _, argument = rest.partition(",")
    # The reason first: what is on hold is said so, whatever its date.
    match name.lower():
        case "keytime":
            return PastRevocation(_moment(date), RevocationReason.KEY_COMPROMISE, _moment(argument))
        case "cakeytime":
            # The journal keeps an invalidity date with keyCompromise alone; of this one the reason is kept, and that
            # only for a CA's certificate.
            _moment(argument)
            return PastRevocation(_moment(date), RevocationReason.CA_COMPROMISE)
        case _:
            reason = past_reason(name)
            return PastRevocation(_moment(date), reason)


def _moment(text: str) -> datetime:
    """A UTCTime or a GeneralizedTime; UTCTime's years 50 to 99 are the last century's (RFC 5280 section 4.1.2.5.1)."""
    if _UTC_TIME.fullmatch(text):
        year = int(text[:2])
        year += 1900 if year >= _CENTURY_TURN else 2000
        rest = text[2:]
    elif _GENERALIZED_TIME.fullmatch(text):
        year, rest = int(text[:4]), text[4:]
    else:
        raise CandidateRefused(RefusalKind.DATE, f"{text[:40]!r} is not a date as YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ.")
    with contextlib.suppress(ValueError):
        # A third of the time that the parts take; they say what is wrong.
        return datetime.fromisoformat(f"{year}{rest[:4]}T{rest[4:]}")
    try:
        return datetime(
            year, int(rest[:2]), int(rest[2:4]), int(rest[4:6]), int(rest[6:8]), int(rest[8:10]), tzinfo=UTC
        )
    except ValueError as error:
        raise CandidateRefused(RefusalKind.DATE, f"{text!r} is no date: {error}.") from None


def _about(issuer_id: int, line: str) -> SerialOf | None:
    """The certificate that a broken line is about, as far as its serial stands where it should."""
    columns = re.split(r"(?<!\\)\t", line)
    serial = columns[_SERIAL_COLUMN] if len(columns) > _SERIAL_COLUMN else ""
    return SerialOf(issuer_id, int(serial, 16)) if _SERIAL.fullmatch(serial) else None


def _what_is_wrong(line: str) -> str:
    columns = re.split(r"(?<!\\)\t", line)
    if len(columns) != _COLUMNS:
        return f"It has {len(columns)} tab-separated columns where an index.txt has {_COLUMNS}."
    if columns[0] not in {"V", "R", "E"}:
        return f"Its status {columns[0][:10]!r} is none of V, R and E."
    return f"Its serial {columns[3][:60]!r} is not hexadecimal."
