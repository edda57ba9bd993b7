"""The result of making letters: how many, and which certificates got none and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from pki_revocation.numbers import grouped

# More names than these are told by the first and the last.
_LISTED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLetter:
    """A number that got no letter, and the sentence that says why."""

    number: str
    reason: str

    @classmethod
    def not_set(cls, number: str, sentence: str) -> Self:
        """The refusal of a letter that the typesetter refuses; *sentence* says why."""
        return cls(number=number, reason=f"Number {grouped(number)}: {sentence}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LettersReport:
    """The result of a run; the files are named, also those that it finished for a killed run."""

    made: int
    refused: tuple[RefusedLetter, ...]
    print_files: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    covering_lists: tuple[str, ...] = ()

    def text(self) -> str:
        """The report as commands print it."""
        lines = ["1 letter was made." if self.made == 1 else f"{self.made:,} letters were made."]
        lines += _named("Print file", self.print_files)
        lines += _named("Manifest", self.manifests)
        lines += _named("Covering list", self.covering_lists)
        if self.refused:
            lines.append(f"{len(self.refused):,} refused:")
            lines += [f"  {refused.reason}" for refused in self.refused]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """The report's fields as commands print them with --json."""
        return {
            "letters": self.made,
            "print_files": list(self.print_files),
            "manifests": list(self.manifests),
            "covering_lists": list(self.covering_lists),
            "refused": len(self.refused),
            "refusals": [{"number": refused.number, "reason": refused.reason} for refused in self.refused],
        }


def _named(what: str, names: Sequence[str]) -> list[str]:
    if len(names) <= _LISTED:
        return [f"{what}: {name}" for name in names]
    return [f"{what}s: {len(names):,}, from {names[0]} to {names[-1]}"]
