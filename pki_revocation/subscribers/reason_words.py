"""The reasons in words, in one order: what subscribers choose from, and how a reason in the journal is read out.

Page, form, letter, receipt and mail take them from here. Each choice comes to a CRLReason (RFC 5280 section 5.3.1). BR
7.2.2 wants subscribers to choose easily, with 'no reason' as the default, and keeps privilegeWithdrawn for the CA: 'we
no longer meet the criteria', said by the subscriber, is therefore cessationOfOperation.
"""

from dataclasses import dataclass

from pki_revocation.reasons import RevocationReason

from .languages import Language
from .wording import Wording

KEY_COMPROMISE = "key-compromise"
NO_REASON = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonChoice:
    """A reason to choose: *value* is the word for it in forms, *hint* stands below *label* where there is room."""

    value: str
    label: Wording
    reason: RevocationReason
    hint: Wording | None = None


_KEY_LOST = Wording(
    "De privésleutel is kwijt of gestolen, of is misschien in handen van anderen",
    "The private key was lost or stolen, or may be in the hands of others",
)
_CHANGED = Wording(
    "Gegevens op het certificaat kloppen niet of zijn gewijzigd",
    "Something on the certificate is wrong or has changed",
)
_REPLACED = Wording(
    "Het certificaat is vervangen door een nieuw certificaat", "It has been replaced by a new certificate"
)

REASON_CHOICES = (
    ReasonChoice(
        value="stopped",
        label=Wording("Onze organisatie houdt op te bestaan", "Our organisation is closing down"),
        reason=RevocationReason.CESSATION_OF_OPERATION,
    ),
    ReasonChoice(
        value="criteria",
        label=Wording(
            "Wij voldoen niet meer aan de criteria voor een zorgverzekeraar of zorgkantoor",
            "We no longer meet the criteria for a health insurer or care office",
        ),
        hint=Wording(
            "Deze criteria staan in het Certification Practice Statement.",
            "The Certification Practice Statement gives these criteria.",
        ),
        reason=RevocationReason.CESSATION_OF_OPERATION,
    ),
    ReasonChoice(
        value="changed",
        label=_CHANGED,
        hint=Wording("Bijvoorbeeld de naam van uw organisatie.", "For example the name of your organisation."),
        reason=RevocationReason.AFFILIATION_CHANGED,
    ),
    ReasonChoice(value="replaced", label=_REPLACED, reason=RevocationReason.SUPERSEDED),
    ReasonChoice(
        value="support-ended",
        label=Wording(
            "De ICT-ondersteuning voor dit certificaat is vervallen", "The ICT support for this certificate has ended"
        ),
        reason=RevocationReason.CESSATION_OF_OPERATION,
    ),
    ReasonChoice(
        value=KEY_COMPROMISE,
        label=_KEY_LOST,
        hint=Wording(
            "Kies deze reden ook als u het alleen vermoedt.", "Choose this reason even if you only suspect it."
        ),
        reason=RevocationReason.KEY_COMPROMISE,
    ),
    ReasonChoice(
        value=NO_REASON,
        label=Wording("Wij geven geen reden op", "We give no reason"),
        reason=RevocationReason.UNSPECIFIED,
    ),
)

# All of them: operators and imports give reasons that no subscriber chooses.
_SPOKEN = {
    RevocationReason.UNSPECIFIED: Wording("Geen reden opgegeven", "No reason given"),
    RevocationReason.KEY_COMPROMISE: _KEY_LOST,
    RevocationReason.CA_COMPROMISE: Wording(
        "De sleutel van de uitgever is niet meer veilig", "The issuer's key is no longer safe"
    ),
    RevocationReason.AFFILIATION_CHANGED: _CHANGED,
    RevocationReason.SUPERSEDED: _REPLACED,
    RevocationReason.CESSATION_OF_OPERATION: Wording(
        "Het certificaat wordt niet meer gebruikt", "The certificate is no longer used"
    ),
    RevocationReason.PRIVILEGE_WITHDRAWN: Wording(
        "De uitgever heeft het recht op dit certificaat ingetrokken",
        "The issuer withdrew the right to this certificate",
    ),
    RevocationReason.AA_COMPROMISE: Wording(
        "De sleutel van een attribuutautoriteit is niet meer veilig",
        "An attribute authority's key is no longer safe",
    ),
}


def spoken(reason: RevocationReason) -> Wording:
    """How a reason that stands in the journal is read out."""
    return _SPOKEN[reason]


def with_token(reason: RevocationReason, language: Language) -> str:
    """A reason as it is read out, with RFC 5280's name for it behind; where none was given, there is no name."""
    words = spoken(reason).in_language(language)
    return words if reason is RevocationReason.UNSPECIFIED else f"{words} ({reason.token})"


def reason_wordings() -> tuple[Wording, ...]:
    """Every text that is said of reasons, each once."""
    chosen = [wording for choice in REASON_CHOICES for wording in (choice.label, choice.hint) if wording is not None]
    return tuple(dict.fromkeys([*chosen, *_SPOKEN.values()]))
