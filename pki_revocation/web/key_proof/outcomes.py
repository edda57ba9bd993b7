"""What a proof came to for each certificate, in the words of the endpoint, and as one line each in the log."""

from enum import StrEnum

from pki_revocation.clock import iso
from pki_revocation.model import EntryKind, serial_text
from pki_revocation.service import KeyOutcome
from pki_revocation.web.outcomes import log_outcome
from pki_revocation.web.receipts import ReceiptAddress


class Result(StrEnum):
    """What became of one certificate: revoked now, its reason raised now, revoked for this before, or expired."""

    REVOKED = "revoked"
    REASON_RAISED = "reason-raised"
    REPEATED = "repeated"
    EXPIRED = "expired"


def result_of(outcome: KeyOutcome) -> Result:
    """The one word for what became of a certificate."""
    if outcome.confirmation is None:
        return Result.EXPIRED
    if outcome.confirmation.repeated:
        return Result.REPEATED
    is_first = outcome.confirmation.entry.kind is EntryKind.REVOCATION
    return Result.REVOKED if is_first else Result.REASON_RAISED


def log_outcomes(outcomes: tuple[KeyOutcome, ...]) -> None:
    """One line for each certificate that has a revocation."""
    for each in outcomes:
        if each.confirmation is not None:
            log_outcome(each.confirmation)


def as_json(outcome: KeyOutcome, receipt_address: ReceiptAddress) -> dict[str, object]:
    """One certificate of the endpoint's answer."""
    certificate, issuer = outcome.status.certificate, outcome.status.issuer
    answer: dict[str, object] = {
        "result": result_of(outcome).value,
        "serial": serial_text(certificate.serial),
        "issuer": issuer.name,
    }
    confirmation = outcome.confirmation
    if confirmation is None:
        return answer | {"not_after": iso(certificate.not_after)}
    return answer | {
        "revoked_at": iso(confirmation.revoked_at),
        "reason": confirmation.entry.reason.token,
        "reference": confirmation.entry.reference,
        "sequence": confirmation.entry.sequence,
        "receipt_url": receipt_address(confirmation),
    }
