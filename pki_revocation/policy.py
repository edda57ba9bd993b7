"""The rules, without a database: may this be revoked, with this reason and date, and what does a repeat do."""

from datetime import datetime
from enum import Enum

from .clock import iso
from .errors import CertificateExpired, ImpossibleDate
from .model import IssuedCertificate, JournalEntry
from .reasons import RevocationReason


class Decision(Enum):
    """What a request comes to, given what the journal says already."""

    REVOKE = "revoke"
    RAISE = "raise"
    REPEAT = "repeat"


def decide(latest: JournalEntry | None, reason: RevocationReason) -> Decision:
    """First time and reason stand; the one change allowed is the raise to keyCompromise (BR 7.2.2)."""
    if latest is None:
        return Decision.REVOKE
    if reason is RevocationReason.KEY_COMPROMISE and latest.reason is not RevocationReason.KEY_COMPROMISE:
        return Decision.RAISE
    return Decision.REPEAT


def refuse_expired(certificate: IssuedCertificate, now: datetime) -> None:
    """The page tells the truth about an expired certificate, and revokes no more.

    Raises:
        CertificateExpired: when its validity is over; notAfter is inclusive (RFC 5280 section 4.1.2.5).
    """
    if now > certificate.not_after:
        raise CertificateExpired(iso(certificate.not_after))


def refuse_impossible_compromise(reason: RevocationReason, compromised_at: datetime | None, now: datetime) -> None:
    """A date of compromise goes with keyCompromise, and lies in the past.

    Raises:
        ImpossibleDate: otherwise.
    """
    if compromised_at is None:
        return
    if reason is not RevocationReason.KEY_COMPROMISE:
        message = (
            "A date of compromise goes with the reason keyCompromise alone: give that reason, or leave the date out."
        )
        raise ImpossibleDate(message)
    if compromised_at > now:
        message = (
            f"The date of compromise {iso(compromised_at)} lies in the future: give a past moment, or leave it out."
        )
        raise ImpossibleDate(message)


def refuse_impossible_back_date(reason: RevocationReason, revocation_date: datetime | None, now: datetime) -> None:
    """An operator may back-date the shown revocation date for key compromise (BR 7.2.2), never date it ahead.

    Raises:
        ImpossibleDate: otherwise.
    """
    if revocation_date is None:
        return
    if reason is not RevocationReason.KEY_COMPROMISE:
        message = "Only a revocation for keyCompromise can be back-dated: give that reason, or leave the date out."
        raise ImpossibleDate(message)
    if revocation_date > now:
        message = f"The revocation date {iso(revocation_date)} lies in the future: nothing can be revoked ahead."
        raise ImpossibleDate(message)
