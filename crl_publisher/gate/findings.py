"""What the gate found: typed, with dotted names that tests, logs and the audit trail quote."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from crl_publisher.errors import CrlRejected

# A list that lost everything would otherwise fill the log with a line for each entry.
_SHOWN_OF_A_KIND = 5


class Level(StrEnum):
    """An error stops the publication; a warning is told and does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be."""

    id: str
    level: Level
    message: str


@dataclass(slots=True)
class Findings:
    """Collects findings; of each kind only the first few are kept word for word, and all are counted."""

    listed: list[Finding] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)

    def error(self, id_: str, message: str) -> None:
        """Add one that stops the publication."""
        self._add(Finding(id=id_, level=Level.ERROR, message=message))

    def warning(self, id_: str, message: str) -> None:
        """Add one that is only told."""
        self._add(Finding(id=id_, level=Level.WARNING, message=message))

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The ones that stop the publication."""
        return tuple(finding for finding in self.listed if finding.level is Level.ERROR)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        return dict(self._counts)

    def raise_errors(self) -> None:
        """Stop the publication when there is an error.

        Raises:
            CrlRejected: with the kinds and their numbers, and the first findings in words.
        """
        if self.errors:
            raise CrlRejected(self.counts, [finding.message for finding in self.errors])

    def _add(self, finding: Finding) -> None:
        self._counts[finding.id] += 1
        if self._counts[finding.id] <= _SHOWN_OF_A_KIND:
            self.listed.append(finding)
