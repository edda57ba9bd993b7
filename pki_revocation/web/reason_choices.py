"""The reasons that the page offers in plain words, and the CRLReason that each comes to (RFC 5280 section 5.3.1).

BR 7.2.2 wants subscribers to choose easily, with 'no reason' as the default, and keeps privilegeWithdrawn for the CA:
'we no longer meet the criteria', said by the subscriber, is therefore cessationOfOperation.
"""

from dataclasses import dataclass

from pki_revocation.errors import ReasonNotPermitted
from pki_revocation.reasons import SUBSCRIBER_REASONS, RevocationReason

from .languages import translatable


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonChoice:
    """A reason to choose: *value* is the form's word for it, *label* and *hint* are texts to translate."""

    value: str
    label: str
    reason: RevocationReason
    hint: str = ""


KEY_COMPROMISE = "key-compromise"
NO_REASON = "none"
REASON_CHOICES = (
    ReasonChoice(
        value="stopped",
        label=translatable("Our organisation stops"),
        reason=RevocationReason.CESSATION_OF_OPERATION,
    ),
    ReasonChoice(
        value="criteria",
        label=translatable("We no longer meet the criteria for a health insurer or care office"),
        hint=translatable("The Certification Practice Statement gives these criteria."),
        reason=RevocationReason.CESSATION_OF_OPERATION,
    ),
    ReasonChoice(
        value="changed",
        label=translatable("Something on the certificate is wrong or has changed"),
        hint=translatable("For example the name of your organisation."),
        reason=RevocationReason.AFFILIATION_CHANGED,
    ),
    ReasonChoice(
        value="replaced",
        label=translatable("It has been replaced by a new certificate"),
        reason=RevocationReason.SUPERSEDED,
    ),
    ReasonChoice(
        value="support-ended",
        label=translatable("The ICT support for this certificate has ended"),
        reason=RevocationReason.CESSATION_OF_OPERATION,
    ),
    ReasonChoice(
        value=KEY_COMPROMISE,
        label=translatable("The private key was lost or stolen, or others may know it"),
        hint=translatable("Choose this reason even if you only suspect it."),
        reason=RevocationReason.KEY_COMPROMISE,
    ),
    ReasonChoice(
        value=NO_REASON,
        label=translatable("I would rather not say"),
        reason=RevocationReason.UNSPECIFIED,
    ),
)
_BY_VALUE = {choice.value: choice.reason for choice in REASON_CHOICES}

# How a reason that stands in the journal is read out; all of them, because operators and imports give others.
REASON_LABELS = {
    RevocationReason.UNSPECIFIED: translatable("No reason given"),
    RevocationReason.KEY_COMPROMISE: translatable("The private key was lost or stolen, or others may know it"),
    RevocationReason.CA_COMPROMISE: translatable("The issuer's own key is no longer safe"),
    RevocationReason.AFFILIATION_CHANGED: translatable("Something on the certificate is wrong or has changed"),
    RevocationReason.SUPERSEDED: translatable("It has been replaced by a new certificate"),
    RevocationReason.CESSATION_OF_OPERATION: translatable("The certificate is no longer used"),
    RevocationReason.PRIVILEGE_WITHDRAWN: translatable("The issuer withdrew the right to this certificate"),
    RevocationReason.AA_COMPROMISE: translatable("An attribute authority's key is no longer safe"),
}


def chosen_reason(value: str | None) -> RevocationReason:
    """The reason behind what the form says; a form without one says 'no reason'.

    Raises:
        ReasonNotPermitted: for a word that the page does not offer.
    """
    if value is None:
        return RevocationReason.UNSPECIFIED
    try:
        return _BY_VALUE[value]
    except KeyError:
        raise ReasonNotPermitted(value, tuple(reason.token for reason in SUBSCRIBER_REASONS[1:])) from None
