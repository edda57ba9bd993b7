"""The mail that tells a subscriber that wrong codes were filled in at their number."""

from datetime import datetime

from pki_revocation.subscribers.languages import Language
from pki_revocation.subscribers.wording import Term, Wording

from .texts import Subscription, Text, in_words, last_words

_SEEN_AT = Wording("Gezien op", "Seen at")
_SUBJECT = Wording(
    "Er is meer dan eens een verkeerde intrekkingscode ingevuld", "A wrong revocation code was filled in more than once"
)
_OPENING = Wording(
    "Bij uw nummer is meer dan eens een verkeerde intrekkingscode ingevuld.",
    "A wrong revocation code was filled in more than once for your number.",
)
_PARAGRAPHS = (
    Wording(
        "Met deze pogingen is niets ingetrokken. De code is te lang om te raden. U kunt uw certificaat zelf nog steeds "
        "intrekken op de intrekkingspagina. Lukt dat nu niet vanaf dezelfde internetverbinding? Wacht een kwartier.",
        "Nothing was revoked by these attempts. The code is too long to be guessed. You can still revoke your "
        "certificate yourself on the revocation page. Does that not work now from the same internet connection? Wait a "
        "quarter of an hour.",
    ),
    Wording(
        "Was u dit zelf? Vergelijk dan uw nummer en code met de brief. Was u het niet en ligt de brief niet meer op "
        "een veilige plek? Vraag ons dan om een nieuwe code.",
        "Was this you? Then compare your number and code with the letter. Was it not, and is the letter no longer in a "
        "safe place? Then ask us for a new code.",
    ),
    Wording(
        "U krijgt dit bericht één keer, ook als de pogingen doorgaan.",
        "You get this message once, even if the attempts go on.",
    ),
)


def failures(language: Language, certificate: Subscription, at: datetime) -> Text:
    """The mail, about attempts that were seen at this moment."""
    *others, once = (each.in_language(language) for each in _PARAGRAPHS)
    return Text(
        language=language.value,
        subject=f"{_SUBJECT.in_language(language)}{certificate.named}",
        opening=_OPENING.in_language(language),
        facts=(
            (_SEEN_AT.in_language(language), in_words(language, at)),
            *certificate.facts(language),
            (Term.PAGE.in_language(language), certificate.page),
        ),
        paragraphs=(*others, f"{once} {last_words(language)}"),
    )
