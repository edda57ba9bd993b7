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
    """The way by which a request came in."""

    PAGE = "page"
    API = "api"
    OPERATOR = "operator"
    POST = "post"
    EMAIL = "email"
    IMPORT = "import"
    RESTORE = "restore"


class EntryKind(StrEnum):
    """What a journal row says: a revocation, or that its reason was raised to keyCompromise."""

    REVOCATION = "revocation"
    RAISE = "raise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """A CA whose certificates can be revoked here; *name* stands for it in addresses and commands."""

    id: int
    name: str
    certificate_der: bytes
    is_default: bool = False

    @property
    def certificate(self) -> x509.Certificate:
        """The CA's own certificate."""
        return x509.load_der_x509_certificate(self.certificate_der)


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
    """What is confirmed to subscriber or operator: the journal's row, its certificate, and whether it stood already."""

    issuer: Issuer
    certificate: IssuedCertificate
    entry: JournalEntry
    revoked_at: datetime
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateStatus:
    """What the journal says of one certificate now; *entry* is None while it is not revoked."""

    issuer: Issuer
    certificate: IssuedCertificate
    entry: JournalEntry | None
