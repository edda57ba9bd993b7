"""The values that all packages exchange: frozen, and refusing states that cannot be."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cryptography import x509

from pki_revocation.encoding import serials

from .reasons import RevocationReason

# RFC 5280 section 4.1.2.5: no well-defined end; for a certificate that only a CRL tells of.
UNKNOWN_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def serial_text(serial: int) -> str:
    """The one way in which a serial is written: lower-case hexadecimal, whole octets, `-18` for minus 24."""
    return serials.text_of(serial)


class Channel(StrEnum):
    """The way by which a request came in; KEY for a proof by the certificate's own key, on whichever way it came."""

    PAGE = "page"
    API = "api"
    KEY = "key"
    OPERATOR = "operator"
    POST = "post"
    EMAIL = "email"
    IMPORT = "import"
    RESTORE = "restore"


# Rows that repeat what another record said first: their own moment of recording says nothing of the revocation.
_BROUGHT = frozenset({Channel.IMPORT, Channel.RESTORE})


def moment_of(channel: Channel, recorded_at: datetime, revocation_date: datetime) -> datetime:
    """The moment that a row is about: that of recording, unless it repeats what was recorded elsewhere before."""
    return revocation_date if channel in _BROUGHT else recorded_at


class EntryKind(StrEnum):
    """What a journal row says: a revocation, or that its reason was raised to keyCompromise."""

    REVOCATION = "revocation"
    RAISE = "raise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """A CA whose certificates can be revoked here: one name and one key, however often they were certified.

    *name* stands for it in addresses and commands; *other_names* are understood by commands and in [keys.NAME] too.
    *certificate_der* is its newest certificate, *earlier_ders* are the others, newer before older: relying parties take
    any of them, because to them a CA is its name and its key (RFC 5280 section 6.1.3).
    """

    id: int
    name: str
    certificate_der: bytes
    is_default: bool = False
    earlier_ders: tuple[bytes, ...] = ()
    other_names: tuple[str, ...] = ()

    @property
    def certificate(self) -> x509.Certificate:
        """The CA's newest certificate: name and key are the same in all."""
        return x509.load_der_x509_certificate(self.certificate_der)

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """All its certificates, newer before older."""
        return tuple(x509.load_der_x509_certificate(der) for der in (self.certificate_der, *self.earlier_ders))

    @property
    def names(self) -> tuple[str, ...]:
        """All names that commands and configuration know it by, its own first."""
        return (self.name, *self.other_names)

    @property
    def active_since(self) -> datetime:
        """When its first certificate began to be valid: what it revoked, it revoked since then."""
        return min(each.not_valid_before_utc for each in self.certificates)

    def certificates_at(self, moment: datetime) -> tuple[x509.Certificate, ...]:
        """The certificates that are valid at a moment, newer before older; where none is, the newest of all."""
        certificates = self.certificates
        valid = (each for each in certificates if each.not_valid_before_utc <= moment <= each.not_valid_after_utc)
        return tuple(valid) or certificates[:1]

    def certificate_at(self, moment: datetime) -> x509.Certificate:
        """The newest certificate that is valid at a moment; where none is, the newest of all."""
        return self.certificates_at(moment)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A certificate that one of the issuers issued, as far as this product knows it.

    *subject* is an RFC 4514 string, *number* the subscriber's twelve digits (none when it came in revoked or
    expired), *der* the certificate itself where the import had it.
    """

    id: int
    issuer_id: int
    serial: int
    subject: str
    organisation: str
    not_before: datetime | None
    not_after: datetime
    number: str | None
    der: bytes | None = None

    @property
    def is_from_crl_alone(self) -> bool:
        """Whether a published CRL is all that is known of it: its subject and its end are not."""
        return self.der is None and self.subject == "" and self.not_after == UNKNOWN_END

    def __post_init__(self) -> None:
        """Refuse a serial that has no place in the register."""
        if not serials.is_storable(self.serial):
            message = f"serial {self.serial:x} takes over {serials.MOST_OCTETS} octets"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One row of an issuer's journal.

    *recorded_at* is when the journal took it in, where a subscriber's liability ends; *revocation_date* is the time
    that relying parties are shown, earlier only when an operator back-dated it or an import brought it along;
    *invalidity_date* is since when the key is said to have been compromised.
    """

    issuer_id: int
    sequence: int
    kind: EntryKind
    serial: int
    recorded_at: datetime
    revocation_date: datetime
    reason: RevocationReason
    invalidity_date: datetime | None
    channel: Channel
    reference: str

    @property
    def revoked_at(self) -> datetime:
        """When the revocation was made: at the moment of recording, unless it was recorded elsewhere before.

        What an import or a restoration brought is dated by that first record, and not by when it came here.
        """
        return moment_of(self.channel, self.recorded_at, self.revocation_date)

    @property
    def raised_at(self) -> datetime | None:
        """When the reason was raised; None where it was not, or a restoration brought the raise: no CRL says when."""
        return self.recorded_at if self.kind is EntryKind.RAISE and self.channel not in _BROUGHT else None

    def __post_init__(self) -> None:
        """Refuse a date after the recording, and an invalidity date for another reason than keyCompromise."""
        if self.revocation_date > self.recorded_at:
            message = "a revocation date cannot lie after the moment of recording"
            raise ValueError(message)
        if self.kind is EntryKind.RAISE and self.reason is not RevocationReason.KEY_COMPROMISE:
            message = "only keyCompromise can be raised to"
            raise ValueError(message)
        if self.invalidity_date is not None and self.reason is not RevocationReason.KEY_COMPROMISE:
            message = "an invalidity date goes with keyCompromise alone"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What is confirmed to subscriber or operator: the journal's row, its certificate, and whether it stood already.

    *entry* is the latest row, and *first* the revocation itself: another one where the reason was raised since.
    """

    issuer: Issuer
    certificate: IssuedCertificate
    entry: JournalEntry
    first: JournalEntry
    repeated: bool

    @property
    def revoked_at(self) -> datetime:
        """The revocation's own moment, also for the raise that came after it."""
        return self.first.revoked_at


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateStatus:
    """What the journal says of one certificate now; *entry* is None while it is not revoked."""

    issuer: Issuer
    certificate: IssuedCertificate
    entry: JournalEntry | None
