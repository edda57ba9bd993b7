"""What operators say with a change, and whether two names are of one person."""

import unicodedata
from dataclasses import dataclass

from .errors import VersionRefused
from .planned import Planned

_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Why a change is made, and what is meant by it.

    *reason* is a ticket or a sentence, kept for good; *planned* says what becomes of planned versions that would undo
    the change; *is_weaker* that a weaker profile is meant.
    """

    reason: str | None = None
    planned: Planned | None = None
    is_weaker: bool = False

    def __post_init__(self) -> None:
        """Refuse a reason that says nothing, or would not stand on one line.

        Raises:
            VersionRefused: then.
        """
        if self.reason is None:
            return
        if not self.reason.strip() or len(self.reason) > _LONGEST_REASON or not self.reason.isprintable():
            raise VersionRefused(
                f"Give --reason 1 to {_LONGEST_REASON} characters on one line, as a ticket or a sentence."
            )


NOTHING_SAID = Said()


def is_same_person(name: str, other: str) -> bool:
    """Whether two names are spellings of one, so that no operator approves a version of their own under another one.

    Letters and digits count, whatever their case, width and accents; of a name that has none, all of it.
    """
    return _letters(name) == _letters(other)


def _letters(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(each for each in unicodedata.normalize("NFKD", plain) if each.isalnum()) or name
