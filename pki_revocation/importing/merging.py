"""Two words for one certificate in one import: its status from the list, everything else from the certificate.

A CA's index and its folder of certificates name each certificate twice, and a log's precertificate is its certificate
a third time. As long as they agree, nothing is refused, whichever comes first.
"""

from dataclasses import dataclass

from pki_revocation.clock import iso
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.model import serial_text
from pki_revocation.reasons import RevocationReason

from .candidates import Candidate, PastRevocation, Refusal, RefusalKind, Remark

GIVEN_TWICE = "with another certificate: the CA gave one serial twice (RFC 5280 section 4.1.2.2)."


@dataclass(frozen=True, slots=True)
class Merged:
    """What the two make together; or why the second was refused. *remark* says in what they differ."""

    candidate: Candidate
    refusal: Refusal | None = None
    remark: Remark | None = None


def merged(first: Candidate, second: Candidate) -> Merged:
    """Both words for one serial of one issuer as one; the first stays where they cannot both be right."""
    kept = first.der if second.der is None else second.der if first.der is None else the_one_of(first.der, second.der)
    if kept is None and first.der is not None:
        reason = f"Serial {serial_text(second.serial)} stands in this import twice, {GIVEN_TWICE}"
        return Merged(first, refusal=second.refused(RefusalKind.SERIAL, reason))
    base, other = (second, first) if first.der is None or kept is not first.der else (first, second)
    if base.der is None and base.shard == 0 and other.shard:
        base = base._replace(shard=other.shard)
    # What was said first of the revocation stands: a list that repeats itself says nothing new.
    revocation = first.revocation or second.revocation
    joined = base._replace(
        revocation=revocation,
        recipient=first.recipient or second.recipient,
        contact=first.contact or second.contact,
        tells=first.tells or second.tells,
    )
    return Merged(joined, remark=_difference(first, second))


def the_one_of(first: bytes, second: bytes) -> bytes | None:
    """Which of two DERs with one serial is the certificate: the first when both are the same; None for two of them.

    One certificate may have been signed twice over, and a precertificate is not what relying parties get.
    """
    if first == second:
        return first
    one, other = parts_of(first), parts_of(second)
    if one.signed == other.signed:
        return first
    if one.is_the_other_of(other):
        return second if one.is_precertificate else first
    return None


def differences(stands: PastRevocation, said: PastRevocation) -> str:
    """How another word for the same revocation differs from the one that stands; '' when it does not.

    A key compromise that is known here already says more than any other reason.
    """
    parts = []
    if stands.at != said.at:
        parts.append(f"the date {iso(said.at)}, and not {iso(stands.at)}")
    if stands.reason is not said.reason and stands.reason is not RevocationReason.KEY_COMPROMISE:
        parts.append(f"the reason {said.reason.token}, and not {stands.reason.token}")
    return " and ".join(parts)


def _difference(first: Candidate, second: Candidate) -> Remark | None:
    serial = serial_text(second.serial)
    if first.revocation is not None and second.revocation is not None:
        if found := differences(first.revocation, second.revocation):
            return Remark(
                second.source,
                second.place,
                f"Serial {serial} is revoked in an earlier place already; this one gives {found}. The earlier counts.",
            )
    elif first.tells and second.tells and (first.revocation is None) is not (second.revocation is None):
        return Remark(
            second.source, second.place, f"Serial {serial} is revoked in one place and valid in another: it is revoked."
        )
    return None
