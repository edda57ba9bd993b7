"""The rules, without a database: may this be revoked, with this reason and date, and what does a repeat do."""

from datetime import datetime
from enum import Enum

from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.der import FIRST_YEAR, DerError

from .clock import iso
from .errors import CertificateExpired, ImpossibleDate, ReasonNotPermitted
from .model import IssuedCertificate, JournalEntry
from .reasons import OPERATOR_REASONS, RevocationReason


class RevocationAction(Enum):
    """What a request does, given what the journal says already."""

    REVOKE = "revoke"
    RAISE = "raise"
    REPEAT = "repeat"


def decide(latest: JournalEntry | None, reason: RevocationReason) -> RevocationAction:
    """What a request does to a certificate whose latest journal entry is *latest*; None where it has none.

    A revocation is irrevocable, and its first time and reason stand: relying parties have acted on them, and a second
    request must not move the end of liability. The one change allowed is the raise to keyCompromise (BR 7.2.2), because
    it says more than any other reason: signatures from before may be false too. It is a row of its own, with the
    original time. From keyCompromise no request leads back, which would say that the key can be trusted again.
    """
    if latest is None:
        return RevocationAction.REVOKE
    if reason is RevocationReason.KEY_COMPROMISE and latest.reason is not RevocationReason.KEY_COMPROMISE:
        return RevocationAction.RAISE
    return RevocationAction.REPEAT


def refuse_expired(certificate: IssuedCertificate, now: datetime) -> None:
    """Refuse an expired certificate to subscribers, whom the page tells that it has ended; operators may revoke it.

    Raises:
        CertificateExpired: when its validity has ended; notAfter is inclusive (RFC 5280 section 4.1.2.5).
    """
    # Not >=: in the second of notAfter the certificate is valid, and whatever is valid can be revoked.
    if now > certificate.not_after:
        raise CertificateExpired(iso(certificate.not_after))


def refuse_missing_reason(certificate: IssuedCertificate, reason: RevocationReason) -> None:
    """Refuse a CA certificate's revocation without a reason (BR 7.2.2 and 7.3); a subscriber need not give one.

    Raises:
        ReasonNotPermitted: when there is none for a CA certificate.
    """
    if reason is RevocationReason.UNSPECIFIED and is_ca(certificate):
        raise ReasonNotPermitted("none", tuple(each.token for each in OPERATOR_REASONS[1:]))


def is_ca(certificate: IssuedCertificate) -> bool:
    """Whether it is a CA's, as far as it was registered with its DER."""
    if certificate.der is None:
        return False
    try:
        return parts_of(certificate.der).is_ca
    except DerError:
        return False


def refuse_impossible_compromise(reason: RevocationReason, compromised_at: datetime | None, now: datetime) -> None:
    """Refuse a date of compromise with another reason than keyCompromise, or in the future.

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
    _refuse_before_time(compromised_at)
    if compromised_at > now:
        message = (
            f"The date of compromise {iso(compromised_at)} lies in the future: give a past moment, or leave it out."
        )
        raise ImpossibleDate(message)


def refuse_impossible_back_date(
    reason: RevocationReason, revocation_date: datetime | None, now: datetime, latest: JournalEntry | None
) -> None:
    """Refuse a revocation date but for key compromise (BR 7.2.2), in the future, or later than the one shown now.

    Args:
        reason: of the request.
        revocation_date: as it is to be shown; None where none was given.
        now: later moments are in the future.
        latest: the certificate's latest journal entry; None where it has none.

    Raises:
        ImpossibleDate: otherwise.
    """
    if revocation_date is None:
        return
    if reason is not RevocationReason.KEY_COMPROMISE:
        message = "Only a revocation for keyCompromise can be back-dated: give that reason, or leave the date out."
        raise ImpossibleDate(message)
    _refuse_before_time(revocation_date)
    if revocation_date > now:
        message = f"The revocation date {iso(revocation_date)} lies in the future: nothing can be revoked ahead."
        raise ImpossibleDate(message)
    # A later date than the one that is shown would make valid again what was signed between the two.
    if latest is not None and revocation_date > latest.revocation_date:
        message = f"The certificate is revoked since {iso(latest.revocation_date)}: the date can only move back."
        raise ImpossibleDate(message)


def _refuse_before_time(moment: datetime) -> None:
    """Refuse years before 1950, which no CRL can write (RFC 5280 section 5.1.2.6): they are typing errors anyway."""
    if moment.year < FIRST_YEAR:
        message = f"The date {iso(moment)} lies before {FIRST_YEAR}: check the year."
        raise ImpossibleDate(message)
