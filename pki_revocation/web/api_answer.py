"""What the endpoints say of a revocation: the certificate, both references, and where to read more."""

from dataclasses import dataclass
from datetime import datetime

from pki_revocation.clock import iso
from pki_revocation.encoding.names import subject_text
from pki_revocation.model import Confirmation, EntryKind, JournalEntry, serial_text
from pki_revocation.propagation.measurement import Propagation
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest

from .languages import current_language
from .receipt_documents import FILES

STATUS_PATH = "/api/v1/revocations/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The addresses of a revocation at *public_url*; *has_documents* where there are receipts to download."""

    public_url: str
    has_documents: bool

    def status(self, reference: str) -> str:
        """Where a program reads how far the revocation is."""
        return f"{self.public_url.rstrip('/')}{STATUS_PATH}{reference}"

    def receipt(self, token: str) -> str:
        """Where people read the confirmation."""
        return f"{self.public_url.rstrip('/')}/receipt/{token}"

    def receipt_pdf(self, token: str) -> str | None:
        """The receipt with its proof, in the language of the request; None where none is made."""
        return f"{self.receipt(token)}/{FILES[current_language()]}.pdf" if self.has_documents else None


def revocation_members(confirmation: Confirmation) -> dict[str, object]:
    """What the journal says of a revocation; those that were there first keep their names and their order."""
    entry = confirmation.entry
    return {
        "status": "revoked",
        "serial": serial_text(entry.serial),
        "issuer": confirmation.issuer.name,
        "revoked_at": iso(confirmation.revoked_at),
        "reason": _reason(entry.reason),
        "reference": entry.reference,
        "sequence": entry.sequence,
        "first_reference": confirmation.first.reference,
        "key_compromised_at": None if entry.invalidity_date is None else iso(entry.invalidity_date),
        "compromised_before_certificate": _is_before(entry.invalidity_date, confirmation.certificate.not_before),
        "subject": confirmation.certificate.subject,
        "issuer_dn": subject_text(confirmation.issuer.certificate),
    }


def _is_before(compromised_at: datetime | None, not_before: datetime | None) -> bool:
    return compromised_at is not None and not_before is not None and compromised_at < not_before


def receipt_members(token: str, links: Links) -> dict[str, object]:
    """Where the receipt is that a token opens."""
    return {"receipt_url": links.receipt(token), "receipt_pdf": links.receipt_pdf(token)}


def not_recorded(request: RevocationRequest, confirmation: Confirmation) -> dict[str, str] | None:
    """What was asked for and is not in the journal, because the certificate was revoked already; None for nothing.

    A revocation's first reason and date stand, and keyCompromise is the one reason that may follow.
    """
    if not confirmation.repeated:
        return None
    lost = {}
    recorded = {confirmation.first.reason, confirmation.entry.reason, RevocationReason.UNSPECIFIED}
    if request.reason not in recorded:
        lost["reason"] = request.reason.token
    if request.compromised_at is not None and request.compromised_at != confirmation.entry.invalidity_date:
        lost["key_compromised_at"] = iso(request.compromised_at)
    return lost or None


def visibility_members(seen: Propagation, confirmation: Confirmation) -> dict[str, object]:
    """What relying parties see now, as it was measured: OCSP responders' own reports, and published CRLs."""
    return {
        "reasons": [_row(each) for each in dict.fromkeys((confirmation.first, confirmation.entry))],
        "measured_at": iso(seen.measured_at),
        "settled": seen.settled,
        "ocsp": {
            "responders": seen.responders,
            "answering": seen.answering,
            "since": None if seen.answering_since is None else iso(seen.answering_since),
            "earlier_answers_until": None if seen.answers_until is None else iso(seen.answers_until),
        },
        "crls": [each.as_json() for each in seen.crls],
        "earlier_crls_until": None if seen.crls_until is None else iso(seen.crls_until),
    }


def _row(entry: JournalEntry) -> dict[str, object]:
    return {
        "reason": _reason(entry.reason),
        "reference": entry.reference,
        "recorded_at": iso(entry.recorded_at),
        "added": entry.kind is EntryKind.RAISE,
    }


def _reason(reason: RevocationReason) -> str | None:
    return None if reason is RevocationReason.UNSPECIFIED else reason.token
