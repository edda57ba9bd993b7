"""What mails say, in Dutch and in English: plain words (B1), and never the code or the whole number."""

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date, format_time

from pki_revocation.documents.contact import ServiceDesk
from pki_revocation.reasons import RevocationReason
from pki_revocation.subscribers.languages import AMSTERDAM, Language

_HIDDEN = "•••• ••••"

_REASONS = {
    "nl": {
        RevocationReason.UNSPECIFIED: "niet opgegeven",
        RevocationReason.KEY_COMPROMISE: "de sleutel is misschien bij anderen bekend",
        RevocationReason.AFFILIATION_CHANGED: "de gegevens kloppen niet meer",
        RevocationReason.SUPERSEDED: "het certificaat is vervangen",
        RevocationReason.CESSATION_OF_OPERATION: "het certificaat wordt niet meer gebruikt",
    },
    "en": {
        RevocationReason.UNSPECIFIED: "not given",
        RevocationReason.KEY_COMPROMISE: "the key may be known to others",
        RevocationReason.AFFILIATION_CHANGED: "its details are no longer right",
        RevocationReason.SUPERSEDED: "the certificate has been replaced",
        RevocationReason.CESSATION_OF_OPERATION: "the certificate is no longer used",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A mail's subject, its first sentence, facts with their names, and paragraphs; all of plain text."""

    language: str
    subject: str
    opening: str
    facts: tuple[tuple[str, str], ...]
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedFacts:
    """The facts in the mail of a revocation."""

    organisation: str
    number: str
    serial: str
    revoked_at: datetime
    reason: RevocationReason
    reference: str


def revoked(language: str, facts: RevokedFacts) -> Text:
    """The mail that tells a subscriber that their certificate was revoked, in Dutch or English."""
    reason = _REASONS[language].get(facts.reason, facts.reason.token)
    moment, utc = in_words(language, facts.revoked_at), facts.revoked_at.strftime("%Y-%m-%d %H:%M:%S")
    if language == "nl":
        return Text(
            language=language,
            subject=f"Uw certificaat is ingetrokken ({facts.reference})",
            opening=f"Het servercertificaat van {facts.organisation} is ingetrokken.",
            facts=(
                ("Ingetrokken op", moment),
                ("In UTC", utc),
                ("Nummer", masked(facts.number)),
                ("Serienummer", facts.serial),
                ("Reden", reason),
                ("Kenmerk", facts.reference),
            ),
            paragraphs=(
                (
                    "Intrekken is onherroepelijk. Het certificaat kan nooit meer worden gebruikt. Uw aansprakelijkheid "
                    "voor het gebruik van het certificaat is geëindigd op het moment van intrekken."
                ),
                (
                    "Heeft u dit niet zelf gedaan en weet u niet wie het wel deed? Neem dan direct contact met ons op "
                    "en noem het kenmerk."
                ),
                "U kunt niet antwoorden op deze e-mail. Wij vragen nooit om uw intrekkingscode.",
            ),
        )
    return Text(
        language=language,
        subject=f"Your certificate has been revoked ({facts.reference})",
        opening=f"The server certificate of {facts.organisation} has been revoked.",
        facts=(
            ("Revoked on", moment),
            ("In UTC", utc),
            ("Number", masked(facts.number)),
            ("Serial number", facts.serial),
            ("Reason", reason),
            ("Reference", facts.reference),
        ),
        paragraphs=(
            (
                "Revoking is final. The certificate can never be used again. Your liability for the use of the "
                "certificate ended when it was revoked."
            ),
            "Did you not do this yourself, and do you not know who did? Contact us at once and give the reference.",
            "You cannot reply to this e-mail. We never ask for your revocation code.",
        ),
    )


def failures(language: str, organisation: str, number: str, at: datetime) -> Text:
    """The mail that tells a subscriber that wrong codes were tried at their number, in Dutch or English."""
    moment = in_words(language, at)
    if language == "nl":
        return Text(
            language=language,
            subject="Er is vaak een verkeerde intrekkingscode ingevuld",
            opening="Bij uw nummer is een paar keer achter elkaar een verkeerde intrekkingscode ingevuld.",
            facts=(("Gezien op", moment), ("Nummer", masked(number)), ("Certificaat van", organisation)),
            paragraphs=(
                (
                    "Met deze pogingen is niets ingetrokken. De code is te lang om te raden. U kunt uw certificaat "
                    "zelf nog steeds intrekken."
                ),
                (
                    "Was u dit zelf? Vergelijk dan uw nummer en code met de brief. Was u het niet en ligt de brief "
                    "niet meer op een veilige plek? Vraag ons dan om een nieuwe code."
                ),
                (
                    "U krijgt dit bericht één keer, ook als de pogingen doorgaan. U kunt niet antwoorden op deze "
                    "e-mail. Wij vragen nooit om uw intrekkingscode."
                ),
            ),
        )
    return Text(
        language=language,
        subject="A wrong revocation code was filled in several times",
        opening="A wrong revocation code was filled in several times for your number.",
        facts=(("Seen on", moment), ("Number", masked(number)), ("Certificate of", organisation)),
        paragraphs=(
            (
                "Nothing was revoked by these attempts. The code is too long to be guessed. You can still revoke your "
                "certificate yourself."
            ),
            (
                "Was this you? Then compare your number and code with the letter. Was it not, and is the letter no "
                "longer in a safe place? Then ask us for a new code."
            ),
            (
                "You get this message once, also when the attempts go on. You cannot reply to this e-mail. We never "
                "ask for your revocation code."
            ),
        ),
    )


def signature(desk: ServiceDesk, language: str) -> tuple[str, ...]:
    """The service desk and how it is reached, in lines; none where nothing of it is configured."""
    dutch = language == "nl"
    hours = f" ({desk.hours})" if desk.hours else ""
    lines = (
        desk.organisation,
        f"{'Telefoon' if dutch else 'Telephone'}: {desk.phone}{hours}" if desk.phone else "",
        f"E-mail: {desk.email}" if desk.email else "",
    )
    return tuple(line for line in lines if line)


def masked(number: str) -> str:
    """The last four digits of the number, behind a mark for the hidden ones."""
    return f"{_HIDDEN} {number[-4:]}"


def in_words(language: str, moment: datetime) -> str:
    """A moment in Dutch local time, with the zone's name."""
    local, locale = moment.astimezone(AMSTERDAM), Language(language).locale
    joined = "om" if language == "nl" else "at"
    zone = "Nederlandse tijd" if language == "nl" else "Dutch time"
    clock = format_time(local, "HH:mm:ss", locale=locale)
    return f"{format_date(local, 'd MMMM y', locale=locale)} {joined} {clock} ({zone})"
