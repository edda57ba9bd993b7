"""The languages in which subscribers are addressed, and their time zone: on pages, paper and in mail alike."""

from enum import StrEnum
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


class Language(StrEnum):
    """A language by its BCP 47 tag; Dutch is the first."""

    DUTCH = "nl"
    ENGLISH = "en"

    @property
    def own_name(self) -> str:
        """The language's own name."""
        return "Nederlands" if self is Language.DUTCH else "English"

    @property
    def locale(self) -> str:
        """The locale in which dates are written: British, not American, for English."""
        return "nl_NL" if self is Language.DUTCH else "en_GB"

    @property
    def page(self) -> str:
        """The path of the subscriber's page in this language."""
        return "/intrekken" if self is Language.DUTCH else "/revoke"

    @property
    def form(self) -> str:
        """The path of the form for post and e-mail in this language."""
        return "/formulier" if self is Language.DUTCH else "/form"


# What a register or an operator may say; neither needs an enumeration for it.
LANGUAGES = tuple(each.value for each in Language)
