"""The recipient of a certificate's letter: the language that is read there, and the lines of a postal address."""

from collections.abc import Iterable
from dataclasses import dataclass

from .languages import LANGUAGES

# What an address window shows, the organisation's name left aside, at a size that sorting machines read.
MOST_LINES = 6
LONGEST_LINE = 60


class UnfitRecipient(ValueError):
    """A language or an address that no letter can have; the message is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """*language* is None where the installation's own is meant; *address* has no line for the organisation's name."""

    language: str | None = None
    address: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be printed in an address window.

        Raises:
            UnfitRecipient: naming what is wrong, never the address itself.
        """
        if self.language is not None and self.language not in LANGUAGES:
            raise UnfitRecipient(f"Its language is none of {', '.join(LANGUAGES)}.")
        if len(self.address) > MOST_LINES:
            raise UnfitRecipient(f"Its address has {len(self.address)} lines, and {MOST_LINES} at most can be printed.")
        for place, line in enumerate(self.address, start=1):
            if not line or line != line.strip() or not line.isprintable():
                raise UnfitRecipient(f"Line {place} of its address is empty, or has characters that cannot be printed.")
            if len(line) > LONGEST_LINE:
                raise UnfitRecipient(f"Line {place} of its address has over {LONGEST_LINE} characters.")

    @classmethod
    def of(cls, language: str, lines: Iterable[str]) -> "Recipient | None":
        """From what was typed: blanks and empty lines are left out; None when there is nothing at all.

        Raises:
            UnfitRecipient: as for the class.
        """
        kept = tuple(text for line in lines if (text := " ".join(line.split())))
        chosen = language.strip().lower() or None
        return cls(language=chosen, address=kept) if chosen or kept else None
