"""What the readers give the importer: a certificate that may go in, or a refusal that says where and why not."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from pki_revocation.clock import iso
from pki_revocation.encoding.serials import MOST_OCTETS, breach_of, is_storable
from pki_revocation.errors import PkiError
from pki_revocation.model import serial_text
from pki_revocation.reasons import RevocationReason
from pki_revocation.subscribers.contacts import Contact
from pki_revocation.subscribers.recipients import Recipient

# A CRL says dates to the end of 2049 as UTCTime, whose years begin with 1950 (RFC 5280 section 5.1.2.4).
_EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)


class RefusalKind(StrEnum):
    """What is wrong, in one word for programs; the sentence beside it is for people."""

    HOLD = "hold"
    BARRED = "barred"
    DUPLICATE = "duplicate"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    SERIAL = "serial"
    DATE = "date"
    REASON = "reason"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and what its parts are counted in: lines or certificates."""

    path: Path
    unit: str

    def __str__(self) -> str:
        """The path as it was given; octets that are no UTF-8 are shown escaped."""
        return str(self.path).encode("utf-8", "backslashreplace").decode()


def _place(source: Source, place: int | None) -> str:
    return f"{source}" if place is None else f"{source}, {source.unit} {place}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that did not go in; *place* is its line or its rank in the file, None for a whole file."""

    source: Source
    place: int | None
    kind: RefusalKind
    reason: str
    # Whose certificate a row of an index.txt or of CSV is about, where that could be read: it is barred.
    about: "SerialOf | None" = None
    # Whether something that may say "revoked" could not be read at all: no certificate is known to be live then.
    hides_status: bool = False
    # Whether a whole file was refused that was named, and not found in a folder.
    is_named: bool = False

    def __str__(self) -> str:
        """File, place and reason, as one line."""
        return f"{_place(self.source, self.place)}: {self.reason}"

    def as_json(self) -> dict[str, object]:
        """The refusal's fields as commands print them with --json."""
        place = {} if self.place is None else {self.source.unit: self.place}
        return {"file": str(self.source), **place, "kind": self.kind.value, "reason": self.reason}


class SerialOf(NamedTuple):
    """A certificate by its issuer's row id and its serial."""

    issuer_id: int
    serial: int


@dataclass(frozen=True, slots=True)
class Remark:
    """What is said of something that went in, or was passed over, and refuses nothing."""

    source: Source
    place: int | None
    says: str

    def __str__(self) -> str:
        """File, place and sentence, as one line."""
        return f"{_place(self.source, self.place)}: {self.says}"

    def as_json(self) -> dict[str, object]:
        """The remark's fields as commands print them with --json."""
        place = {} if self.place is None else {self.source.unit: self.place}
        return {"file": str(self.source), **place, "says": self.says}


class CandidateRefused(PkiError):
    """Raised inside the readers: this file, row or certificate does not go in."""

    def __init__(self, kind: RefusalKind, reason: str) -> None:
        """*reason* is a sentence without the place, which the reader knows."""
        self.kind = kind
        super().__init__(reason)

    def at(self, source: Source, place: int | None, about: SerialOf | None = None) -> Refusal:
        """The refusal with its place, and the certificate that it is about."""
        return Refusal(source, place, self.kind, str(self), about)


class PastRevocation(NamedTuple):
    """A revocation that a source brings along, with its own date."""

    at: datetime
    reason: RevocationReason
    invalidity_date: datetime | None = None


class Candidate(NamedTuple):
    """A certificate as a source tells it; a tuple, because a million of them are made in a row.

    *for_subscriber* is False for a CA's or an OCSP responder's certificate, which gets no number and no letter;
    *marked_expired* is an index.txt's own word for it; *shard* is the one that its CRL distribution point names, 0 for
    none. *recipient* gets its letter and *contact* its mail, where the source names them. *tells* says that the source
    is one that says whether certificates are revoked: an index.txt or CSV. *key_hashes* are the hashes by which the
    key is known, where the source is the certificate itself.
    """

    source: Source
    place: int
    issuer_id: int
    serial: int
    subject: str
    organisation: str
    not_before: datetime | None
    not_after: datetime
    revocation: PastRevocation | None = None
    for_subscriber: bool = True
    marked_expired: bool = False
    der: bytes | None = None
    is_ca: bool = False
    shard: int = 0
    recipient: Recipient | None = None
    contact: Contact | None = None
    tells: bool = False
    key_hashes: tuple[bytes, ...] = ()

    def refused(self, kind: RefusalKind, reason: str) -> Refusal:
        """A refusal of this candidate, with its source and place; of a row, the certificate that it is about."""
        about = SerialOf(self.issuer_id, self.serial) if self.tells else None
        return Refusal(self.source, self.place, kind, reason, about)


def objection(candidate: Candidate, now: datetime) -> Refusal | None:
    """Why this cannot be a certificate that was issued and perhaps revoked before *now*; None when it can.

    What the issuer's key signed was issued, whatever its dates and its serial are: only a row is held against RFC 5280.
    """
    if not is_storable(candidate.serial):
        return candidate.refused(
            RefusalKind.SERIAL, f"Its serial takes over {MOST_OCTETS} octets: none so long is kept."
        )
    if candidate.der is None and candidate.revocation is None:
        if candidate.not_before is not None and candidate.not_before > candidate.not_after:
            return candidate.refused(RefusalKind.DATE, "Its validity ends before it begins.")
        if candidate.marked_expired and candidate.not_after >= now:
            return candidate.refused(
                RefusalKind.DATE, f"It is marked as expired, and is valid until {iso(candidate.not_after)}."
            )
    return None if candidate.revocation is None else _past_objection(candidate, candidate.revocation, now)


def remark_on_serial(candidate: Candidate) -> Remark | None:
    """What RFC 5280 has against a serial that goes in all the same; None when nothing."""
    if not (breach := breach_of(candidate.serial)):
        return None
    return Remark(
        candidate.source,
        candidate.place,
        f"Its serial {serial_text(candidate.serial)} {breach}; it is registered all the same, because what was issued "
        "must be revocable (BR 4.9.1.1).",
    )


def _past_objection(candidate: Candidate, revocation: PastRevocation, now: datetime) -> Refusal | None:
    if revocation.at > now:
        return candidate.refused(RefusalKind.DATE, f"Its revocation date {iso(revocation.at)} lies in the future.")
    if revocation.at < _EARLIEST:
        return candidate.refused(
            RefusalKind.DATE, f"Its revocation date {iso(revocation.at)} lies before 1950: no CRL can say it."
        )
    if revocation.invalidity_date is None or _EARLIEST <= revocation.invalidity_date <= now:
        return None
    when = "in the future" if revocation.invalidity_date > now else "before 1950"
    return candidate.refused(
        RefusalKind.DATE, f"Its key's compromise is dated {iso(revocation.invalidity_date)}, {when}."
    )
