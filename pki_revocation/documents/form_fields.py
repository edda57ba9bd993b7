"""The form's fields: what kind each is, and what a screen reader says of it (the tooltip, TU); and the form's name."""

from enum import Enum, auto

from pki_revocation.subscribers.languages import Language

FORM_NAMES = {
    Language.DUTCH: "servercertificaat-intrekken-door-abonnee",
    Language.ENGLISH: "revocation-of-a-server-certificate",
}
REASON = "reason"
DEFAULT_REASON = "none"


class FieldKind(Enum):
    """The kinds of field: text, box and signature."""

    TEXT = auto()
    TICK = auto()
    SIGNATURE = auto()


_TICKS = frozenset({"declaration", "copy"})
_TIPS = {
    "number": ("Uw nummer, 12 cijfers, verplicht", "Your number, 12 digits, required"),
    "server": ("Naam van de server", "Name of the server"),
    "serial": ("Serienummer van het certificaat, als u het weet", "Serial number of the certificate, if you know it"),
    "organisation": ("Organisatie, verplicht", "Organisation, required"),
    "name": ("Naam van de bevoegde persoon, verplicht", "Name of the authorised person, required"),
    "role": ("Functie van de bevoegde persoon", "Position of the authorised person"),
    "phone": ("Telefoonnummer, verplicht", "Telephone number, required"),
    "email": ("E-mailadres", "E-mail address"),
    "reason": ("Reden van de intrekking", "Reason for the revocation"),
    "reason.none": ("Dat zeg ik liever niet", "I would rather not say"),
    "reason.stopped": ("Onze organisatie stopt", "Our organisation stops"),
    "reason.criteria": ("Wij voldoen niet meer aan de criteria", "We no longer meet the criteria"),
    "reason.changed": (
        "Er staat iets onjuists op het certificaat, of er is iets veranderd",
        "Something on the certificate is wrong or has changed",
    ),
    "reason.replaced": ("Het is vervangen door een nieuw certificaat", "It has been replaced by a new certificate"),
    "reason.support-ended": (
        "De ICT-ondersteuning voor dit certificaat is vervallen",
        "The ICT support for this certificate has ended",
    ),
    "reason.key-compromise": (
        "De privésleutel is kwijt of gestolen, of anderen kennen hem misschien",
        "The private key was lost or stolen, or others may know it",
    ),
    "since": ("Sleutel niet veilig sinds, datum", "Key not safe since, date"),
    "declaration": (
        "Ik ben bevoegd, en weet dat intrekken onherroepelijk is; verplicht",
        "I am authorised, and know that a revocation cannot be undone; required",
    ),
    "copy": (
        "Ik stuur een kopie van mijn identiteitsbewijs mee, foto en burgerservicenummer onleesbaar; verplicht",
        "I enclose a copy of my proof of identity, photo and citizen service number unreadable; required",
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
    return {name: texts[language is Language.ENGLISH] for name, texts in _TIPS.items()}
