"""What making letters came to: how many, and who got none and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLetter:
    """A number that got no letter, and the sentence that says why."""

    number: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LettersReport:
    """What a run came to."""

    made: int
    refused: tuple[RefusedLetter, ...]

    def text(self) -> str:
        """For people."""
        lines = ["1 letter was made." if self.made == 1 else f"{self.made:,} letters were made."]
        if self.refused:
            lines.append(f"{len(self.refused):,} refused:")
            lines += [f"  {refused.reason}" for refused in self.refused]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "letters": self.made,
            "refused": len(self.refused),
            "refusals": [{"number": refused.number, "reason": refused.reason} for refused in self.refused],
        }
