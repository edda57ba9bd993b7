"""The reasons of earlier revocations, by the names that other CAs' files give them (RFC 5280 section 5.3.1)."""

from pki_revocation.errors import ReasonNotPermitted
from pki_revocation.reasons import OPERATOR_REASONS, RevocationReason, reason_named

from .candidates import CandidateRefused, RefusalKind

_HOLDS = {"certificatehold", "holdinstruction"}
_RELEASES = {"removefromcrl"}


def past_reason(text: str) -> RevocationReason:
    """The reason with this name, in any case; '' and 'none' are no reason.

    Raises:
        CandidateRefused: for an unknown name, and for a hold or its release, because a revocation is final here.
    """
    name = text.strip().lower()
    if name in {"", "none"}:
        return RevocationReason.UNSPECIFIED
    if name in _HOLDS:
        raise CandidateRefused(
            RefusalKind.HOLD,
            "It is on hold, and a revocation is final here: release it or revoke it where it was put on hold, "
            "and import it again.",
        )
    if name in _RELEASES:
        raise CandidateRefused(
            RefusalKind.REASON,
            "Its reason is removeFromCRL, the release of a hold, and a revocation is final here: correct the row, "
            "and import it again.",
        )
    try:
        return reason_named(name)
    except ReasonNotPermitted:
        names = ", ".join(reason.token for reason in RevocationReason)
        raise CandidateRefused(
            RefusalKind.REASON, f"Its reason {text[:40]!r} is none of RFC 5280's names: {names}."
        ) from None


def has_place(reason: RevocationReason, *, for_subscriber: bool) -> bool:
    """Whether a CRL may give this reason: cACompromise and aACompromise never for a subscriber's certificate.

    BR 7.2.2 forbids them there; what was revoked for one is revoked all the same, without a reason.
    """
    return not for_subscriber or reason in OPERATOR_REASONS
