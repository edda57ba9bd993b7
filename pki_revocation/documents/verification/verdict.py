"""What checking a receipt found: a line for each check, and what is proven if all of them hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    WRONG = "wrong"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: *message* is an English text with places as %(name)s, *values* what belongs there.

    A value whose name ends in `_at` is a moment in ISO 8601 with its zone.
    """

    check: str
    outcome: Outcome
    message: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def says(self) -> str:
        """The sentence in English."""
        return self.message % self.values if self.values else self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All checks in their order, and whether the revocation is proven: one proof holds, and nothing is wrong."""

    findings: tuple[Finding, ...]
    proven: bool

    @property
    def is_genuine(self) -> bool:
        """Whether the revocation is proven, and nothing about the receipt is wrong."""
        return self.proven and all(each.outcome is not Outcome.WRONG for each in self.findings)

    def as_json(self) -> dict[str, object]:
        """The verdict for programs."""
        return {
            "genuine": self.is_genuine,
            "checks": [
                {
                    "check": each.check,
                    "outcome": each.outcome.value,
                    "says": each.says,
                    "message": each.message,
                    "values": dict(each.values),
                }
                for each in self.findings
            ],
        }
