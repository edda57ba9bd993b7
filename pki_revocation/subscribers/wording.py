"""A text in each language that subscribers read, and what the page, paper and mail call the same things by.

Whatever more than one of them says stands here, or beside it in `reason_words` and `channel_words`, once: level B1, and
in Dutch with "u".
"""

from dataclasses import dataclass
from enum import Enum, unique

from .languages import Language


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in each language."""

    dutch: str
    english: str

    def in_language(self, language: Language) -> str:
        """The text in one language."""
        return self.dutch if language is Language.DUTCH else self.english


@unique
class Term(Enum):
    """What things are called, and the sentences that must read the same wherever they stand."""

    NUMBER = Wording("Nummer", "Number")
    CODE = Wording("Intrekkingscode", "Revocation code")
    SERVER = Wording("Naam van de server", "Name of the server")
    PAGE = Wording("Intrekkingspagina", "Revocation page")
    ORGANISATION = Wording("Organisatie", "Organisation")
    SERIAL = Wording("Serienummer", "Serial number")
    ISSUER = Wording("Uitgegeven door", "Issued by")
    REVOKED_AT = Wording("Ingetrokken op", "Revoked at")
    DUTCH_TIME = Wording("Nederlandse tijd", "Dutch time")
    REASON = Wording("Reden", "Reason")
    REASON_ADDED_AT = Wording("Reden toegevoegd op", "Reason added at")
    KEY_UNSAFE_SINCE = Wording("Sleutel niet meer veilig sinds", "Key no longer safe since")
    REFERENCE = Wording("Kenmerk", "Reference")
    SEQUENCE = Wording("Volgnummer in ons journaal", "Number in our journal")
    LETTER = Wording("aanvraag servercertificaat", "application for a server certificate")
    FORM = Wording(
        "Een servercertificaat intrekken door abonnee", "Revocation of a server certificate by the subscriber"
    )
    FINAL = Wording(
        "Intrekken is onherroepelijk. Het certificaat kan nooit meer worden gebruikt.",
        "Revoking is final. The certificate can never be used again.",
    )
    NEVER_ASKED = Wording(
        "Wij vragen u nooit per telefoon, e-mail of brief om uw intrekkingscode.",
        "We never ask you for your revocation code by telephone, e-mail or letter.",
    )
    WITHOUT_ADDRESS = Wording(
        "Neem contact op met de organisatie die u de bevestigingsbrief stuurde.",
        "Contact the organisation that sent you the confirmation letter.",
    )

    def in_language(self, language: Language) -> str:
        """The term in one language."""
        return self.value.in_language(language)


def terms_in(language: Language) -> dict[str, str]:
    """All terms in one language, by their names in lower case with hyphens, as documents' templates take them."""
    return {term.name.lower().replace("_", "-"): term.in_language(language) for term in Term}
