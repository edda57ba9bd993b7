"""The mails of a revocation, and of a reason that was added to one later."""

from dataclasses import dataclass
from datetime import datetime

from pki_revocation.model import Channel
from pki_revocation.reasons import RevocationReason
from pki_revocation.subscribers.channel_words import channel_in_words
from pki_revocation.subscribers.languages import Language
from pki_revocation.subscribers.reason_words import spoken
from pki_revocation.subscribers.wording import Term, Wording

from .texts import Subscription, Text, in_words, last_words

_IN_UTC = Wording("In UTC", "In UTC")
_HOW = Wording("Hoe", "How")
_FIRST_REFERENCE = Wording("Kenmerk van de intrekking", "Reference of the revocation")
_REVOKED_SUBJECT = Wording("Uw certificaat is ingetrokken", "Your certificate has been revoked")
_ADDED_SUBJECT = Wording("De reden is gewijzigd", "The reason has been changed")
_REVOKED_OPENING = Wording(
    "Het servercertificaat van {} is ingetrokken.", "The server certificate of {} has been revoked."
)
_ADDED_OPENING = Wording(
    "De reden is gewijzigd waarom het servercertificaat van {} is ingetrokken.",
    "The reason has been changed for which the server certificate of {} was revoked.",
)
_LIABILITY = Wording(
    "Uw aansprakelijkheid voor het gebruik van het certificaat is geëindigd op het moment van intrekken. Voor gebruik "
    "vóór dat moment blijft u verantwoordelijk.",
    "Your liability for the use of the certificate ended when it was revoked. For its use before that moment you "
    "remain responsible.",
)
_SAME_MOMENT = Wording(
    "Het certificaat was al ingetrokken. Het moment van intrekken blijft hetzelfde. In de openbare intrekkingslijst "
    "komt te staan dat de sleutel niet meer veilig is. Dat kan niet ongedaan worden gemaakt.",
    "The certificate was revoked already, and the moment of revocation stays the same. The public revocation list will "
    "say that the key is no longer safe. This cannot be undone.",
)
_NEXT = Wording(
    "Wat moet u nog doen? Verwijder het certificaat en de privésleutel van uw servers. Heeft u nog een certificaat "
    "nodig? Vraag dan een nieuw certificaat aan, met een nieuwe sleutel. Vertel het ook aan de organisaties die "
    "verbinding maken met uw server.",
    "What do you still have to do? Remove the certificate and its private key from your servers. Do you still need a "
    "certificate? Then apply for a new one, with a new key. Also tell the organisations that connect to your server.",
)
_NEXT_AT_A_LEAK = Wording(
    "Is de privésleutel misschien in handen van anderen? Bewaar dan de logbestanden van uw servers. Trek ook andere "
    "certificaten met dezelfde sleutel in. Ga na of u een datalek moet melden bij de Autoriteit Persoonsgegevens: dat "
    "moet binnen 72 uur.",
    "May the private key be in the hands of others? Then keep the log files of your servers. Revoke other certificates "
    "with the same key too. Find out whether you must report a data breach to the Dutch data protection authority "
    "(Autoriteit Persoonsgegevens): that must be done within 72 hours.",
)
_RECEIPT = Wording(
    "Op de intrekkingspagina ziet u met uw nummer en intrekkingscode de bevestiging, en daar kunt u het bewijs (pdf) "
    "downloaden. Vergelijk het adres van de pagina met uw brief.",
    "On the revocation page, your number and revocation code show you the confirmation, and you can download the "
    "receipt (PDF) there. Compare the address of the page with your letter.",
)
_NOT_YOU = Wording(
    "Heeft u dit niet zelf gedaan en weet u niet wie het wel deed? Neem dan direct contact met ons op en noem het "
    "kenmerk.",
    "Did you not do this yourself, and do you not know who did? Contact us at once and give the reference.",
)
# An organisation that is not registered.
_NO_NAME = Wording("uw organisatie", "your organisation")


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedFacts:
    """The facts in the mail of a revocation, or of a reason that was added later.

    *first_reference* is the revocation's own where *reference* is that of the added reason, and *added_at* is when it
    was added; both are None in the mail of the revocation itself. *key_unsafe_since* is the date of compromise.
    """

    certificate: Subscription
    serial: str
    revoked_at: datetime
    reason: RevocationReason
    channel: Channel
    reference: str
    key_unsafe_since: datetime | None = None
    first_reference: str | None = None
    added_at: datetime | None = None


def revoked(language: Language, facts: RevokedFacts) -> Text:
    """The mail that tells a subscriber that their certificate was revoked."""
    return Text(
        language=language.value,
        subject=f"{_REVOKED_SUBJECT.in_language(language)}{facts.certificate.named} ({facts.reference})",
        opening=_opening(_REVOKED_OPENING, language, facts),
        facts=(
            *_moment_of_revocation(language, facts),
            *_which_and_why(language, facts),
            (Term.REFERENCE.in_language(language), facts.reference),
            (Term.PAGE.in_language(language), facts.certificate.page),
        ),
        paragraphs=(
            f"{Term.FINAL.in_language(language)} {_LIABILITY.in_language(language)}",
            *_next_steps(language, facts),
        ),
    )


def reason_added(language: Language, facts: RevokedFacts) -> Text:
    """The mail that tells that a key compromise was reported of a certificate that is revoked already."""
    added = () if facts.added_at is None else ((Term.REASON_ADDED_AT, in_words(language, facts.added_at)),)
    first = () if facts.first_reference is None else ((_FIRST_REFERENCE, facts.first_reference),)
    return Text(
        language=language.value,
        subject=f"{_ADDED_SUBJECT.in_language(language)}{facts.certificate.named} ({facts.reference})",
        opening=_opening(_ADDED_OPENING, language, facts),
        facts=(
            *((term.in_language(language), value) for term, value in added),
            *_which_and_why(language, facts),
            (Term.REFERENCE.in_language(language), facts.reference),
            *_moment_of_revocation(language, facts),
            *((term.in_language(language), value) for term, value in first),
            (Term.PAGE.in_language(language), facts.certificate.page),
        ),
        paragraphs=(_SAME_MOMENT.in_language(language), *_next_steps(language, facts)),
    )


def _opening(wording: Wording, language: Language, facts: RevokedFacts) -> str:
    return wording.in_language(language).format(facts.certificate.organisation or _NO_NAME.in_language(language))


def _moment_of_revocation(language: Language, facts: RevokedFacts) -> tuple[tuple[str, str], ...]:
    return (
        (Term.REVOKED_AT.in_language(language), in_words(language, facts.revoked_at)),
        (_IN_UTC.in_language(language), facts.revoked_at.strftime("%Y-%m-%d %H:%M:%S")),
    )


def _which_and_why(language: Language, facts: RevokedFacts) -> tuple[tuple[str, str], ...]:
    since = facts.key_unsafe_since
    named: list[tuple[str, str]] = [
        (Term.SERIAL.in_language(language), facts.serial),
        (_HOW.in_language(language), channel_in_words(facts.channel, language)),
        (Term.REASON.in_language(language), spoken(facts.reason).in_language(language)),
    ]
    if since is not None:
        named.append((Term.KEY_UNSAFE_SINCE.in_language(language), in_words(language, since)))
    return (*facts.certificate.facts(language), *named)


def _next_steps(language: Language, facts: RevokedFacts) -> tuple[str, ...]:
    at_a_leak = (_NEXT_AT_A_LEAK,) if facts.reason is RevocationReason.KEY_COMPROMISE else ()
    steps = (_NEXT, *at_a_leak, _RECEIPT, _NOT_YOU)
    return (*(each.in_language(language) for each in steps), last_words(language))
