"""The ways in which a revocation was asked for, in words: what a subscriber recognises their own act by."""

from pki_revocation.model import Channel

from .languages import Language
from .wording import Wording

# By the word that the journal writes.
_WORDS = {
    "page": Wording(
        "op de intrekkingspagina, met uw nummer en intrekkingscode",
        "on the revocation page, with your number and revocation code",
    ),
    "api": Wording(
        "door een computerprogramma, met uw nummer en intrekkingscode",
        "by a computer program, with your number and revocation code",
    ),
    "key": Wording(
        "met de privésleutel van het certificaat",
        "with the certificate's private key",
    ),
    "post": Wording("door ons, na een verzoek per post", "by us, after a request by post"),
    "email": Wording("door ons, na een verzoek per e-mail", "by us, after a request by e-mail"),
    "operator": Wording("door ons", "by us"),
    "import": Wording("door de uitgever van het certificaat", "by the issuer of the certificate"),
    "restore": Wording("door de uitgever van het certificaat", "by the issuer of the certificate"),
}


def channel_in_words(channel: Channel, language: Language) -> str:
    """How it was asked for; a way that has no words yet by its own name."""
    words = _WORDS.get(channel.value)
    return channel.value if words is None else words.in_language(language)
