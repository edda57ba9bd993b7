"""The languages that documents are in."""

from enum import StrEnum


class Language(StrEnum):
    """Dutch, and English for who asks for it."""

    DUTCH = "nl"
    ENGLISH = "en"

    @property
    def page(self) -> str:
        """The path of the subscriber's page in this language."""
        return "/intrekken" if self is Language.DUTCH else "/revoke"
