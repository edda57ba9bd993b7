"""The reasons that the page offers, in English: the catalogue has their Dutch from the same source (`languages`)."""

from dataclasses import dataclass

from pki_revocation.errors import ReasonNotPermitted
from pki_revocation.reasons import SUBSCRIBER_REASONS, RevocationReason
from pki_revocation.subscribers import reason_words

KEY_COMPROMISE, NO_REASON = reason_words.KEY_COMPROMISE, reason_words.NO_REASON


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonChoice:
    """A reason to choose: *value* is the form's word for it, *label* and *hint* are texts to translate."""

    value: str
    label: str
    reason: RevocationReason
    hint: str = ""


REASON_CHOICES = tuple(
    ReasonChoice(
        value=choice.value,
        label=choice.label.english,
        reason=choice.reason,
        hint=choice.hint.english if choice.hint else "",
    )
    for choice in reason_words.REASON_CHOICES
)
_BY_VALUE = {choice.value: choice.reason for choice in REASON_CHOICES}

# How a reason that stands in the journal is read out; all of them, because operators and imports give others.
REASON_LABELS = {reason: reason_words.spoken(reason).english for reason in RevocationReason}


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
