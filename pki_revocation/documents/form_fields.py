"""The form's fields: what kind each is, and what a screen reader says of it (the tooltip, TU); and the form's name."""

from enum import Enum, auto

from pki_revocation.subscribers.languages import Language
from pki_revocation.subscribers.reason_words import REASON_CHOICES
from pki_revocation.subscribers.wording import Term

FORM_NAMES = {
    Language.DUTCH: "servercertificaat-intrekken-door-abonnee",
    Language.ENGLISH: "revocation-of-a-server-certificate",
}
REASON = "reason"


class FieldKind(Enum):
    """The kinds of field: text, box and signature."""

    TEXT = auto()
    TICK = auto()
    SIGNATURE = auto()


_TICKS = frozenset({"declaration", "copy"})
_TIPS = {
    "number": ("Uw nummer, 12 cijfers, verplicht", "Your number, 12 digits, required"),
    "server": (Term.SERVER.value.dutch, Term.SERVER.value.english),
    "serial": ("Serienummer van het certificaat, als u het weet", "Serial number of the certificate, if you know it"),
    "organisation": ("Organisatie, verplicht", "Organisation, required"),
    "registration": (
        "Registratienummer van de organisatie, zoals KvK",
        "Registration number of the organisation, such as KvK",
    ),
    "name": ("Naam van de bevoegde persoon, verplicht", "Name of the authorised person, required"),
    "role": ("Functie van de bevoegde persoon", "Position of the authorised person"),
    "phone": ("Telefoonnummer, verplicht", "Telephone number, required"),
    "email": ("E-mailadres", "E-mail address"),
    "reason": ("Reden van de intrekking", "Reason for the revocation"),
    "since": (
        f"{Term.KEY_UNSAFE_SINCE.value.dutch}, datum, niet verplicht",
        f"{Term.KEY_UNSAFE_SINCE.value.english}, date, optional",
    ),
    "declaration": (
        "Ik ben bevoegd, en weet dat intrekken onherroepelijk is; verplicht",
        "I am authorised, and know that a revocation cannot be undone; required",
    ),
    "copy": (
        "Ik stuur een kopie van mijn identiteitsbewijs mee, met doel en datum, foto en BSN onleesbaar; verplicht",
        "I enclose a copy of my proof of identity, with purpose and date, photo and BSN unreadable; required",
    ),
    "place": ("Plaats", "Place"),
    "date": ("Datum van ondertekening, verplicht", "Date of signature, required"),
    "signature": ("Handtekening, verplicht", "Signature, required"),
}


def field_kind(name: str) -> FieldKind:
    """The kind of the field of a name, but for the reasons."""
    if name == "signature":
        return FieldKind.SIGNATURE
    return FieldKind.TICK if name in _TICKS else FieldKind.TEXT


def tooltips(language: Language) -> dict[str, str]:
    """What a screen reader says of each field, in a language, by the field's name."""
    tips = {name: texts[language is Language.ENGLISH] for name, texts in _TIPS.items()}
    reasons = {f"{REASON}.{choice.value}": choice.label.in_language(language) for choice in REASON_CHOICES}
    return tips | reasons
