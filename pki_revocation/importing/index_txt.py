"""OpenSSL's `index.txt`: one certificate a line, as `openssl ca` and `TXT_DB_write` write it.

Tab-separated: status (V, R or E), end of validity, revocation (date, reason and its argument), serial, file name,
subject. Read as a stream; a broken line is refused and the next one is read.
"""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pki_revocation.reasons import RevocationReason

from .candidates import Candidate, CandidateRefused, PastRevocation, Refusal, RefusalKind, Source
from .past_reasons import past_reason
from .subjects import from_oneline

_ROW = re.compile(r"([VRE])\t([^\t]*)\t([^\t]*)\t(-?[0-9A-Fa-f]+)\t(?:[^\t]|(?<=\\)\t)*\t([^\t]*)")
_UTC_TIME = re.compile(r"[0-9]{12}Z")
_GENERALIZED_TIME = re.compile(r"[0-9]{14}Z")
_CENTURY_TURN = 50
_COLUMNS = 6


def read_index(path: Path, issuer_id: int, not_subscribers: Collection[int] = ()) -> Iterator[Candidate | Refusal]:
    """Every line of the file as a candidate of this issuer, or as a refusal.

    Args:
        path: the file.
        issuer_id: whose index it is; the file itself does not say.
        not_subscribers: serials of CA certificates, which get no number.
    """
    source = Source(path, "line")
    with path.open("rb") as lines:
        for place, line in enumerate(lines, start=1):
            text = line.rstrip(b"\r\n")
            if not text or text.startswith(b"#"):
                continue
            try:
                yield _candidate(source, place, issuer_id, text.decode(), not_subscribers)
            except UnicodeDecodeError:
                yield Refusal(source, place, RefusalKind.BROKEN, "The line is not UTF-8.")
            except CandidateRefused as refused:
                yield refused.at(source, place)


def _candidate(source: Source, place: int, issuer_id: int, line: str, not_subscribers: Collection[int]) -> Candidate:
    row = _ROW.fullmatch(line)
    if row is None:
        raise CandidateRefused(RefusalKind.BROKEN, _what_is_wrong(line))
    status, expiry, revoked, hexadecimal, oneline = row.groups()
    try:
        subject, organisation = from_oneline(oneline)
    except ValueError as error:
        raise CandidateRefused(RefusalKind.BROKEN, f"The subject {error}.") from None
    serial = int(hexadecimal, 16)
    return Candidate(
        source=source,
        place=place,
        issuer_id=issuer_id,
        serial=serial,
        subject=subject,
        organisation=organisation,
        not_before=None,
        not_after=_moment(expiry),
        revocation=_revocation(status, revoked),
        for_subscriber=serial not in not_subscribers,
        is_ca=serial in not_subscribers,
        marked_expired=status == "E",
    )


def _revocation(status: str, column: str) -> PastRevocation | None:
    """'YYMMDDHHMMSSZ', '…,reason' or '…,reason,argument' (make_revocation_str in OpenSSL's apps/ca.c)."""
    if status != "R":
        if column:
            raise CandidateRefused(RefusalKind.BROKEN, f"It is marked {status}, and has a revocation date.")
        return None
    date, _, rest = column.partition(",")
    name, _, argument = rest.partition(",")
    at = _moment(date)
    match name.lower():
        case "keytime":
            return PastRevocation(at, RevocationReason.KEY_COMPROMISE, _moment(argument))
        case "cakeytime":
            # The journal keeps an invalidity date with keyCompromise alone; of this one the reason is kept, and that
            # only for a CA's certificate.
            _moment(argument)
            return PastRevocation(at, RevocationReason.CA_COMPROMISE)
        case _:
            return PastRevocation(at, past_reason(name))


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
    try:
        return datetime(
            year, int(rest[:2]), int(rest[2:4]), int(rest[4:6]), int(rest[6:8]), int(rest[8:10]), tzinfo=UTC
        )
    except ValueError as error:
        raise CandidateRefused(RefusalKind.DATE, f"{text!r} is no date: {error}.") from None


def _what_is_wrong(line: str) -> str:
    columns = re.split(r"(?<!\\)\t", line)
    if len(columns) != _COLUMNS:
        return f"It has {len(columns)} tab-separated columns where an index.txt has {_COLUMNS}."
    if columns[0] not in {"V", "R", "E"}:
        return f"Its status {columns[0][:10]!r} is none of V, R and E."
    return f"Its serial {columns[3][:60]!r} is not hexadecimal."
