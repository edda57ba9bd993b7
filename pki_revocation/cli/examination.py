"""What `doctor` looks at and what it can put right, as each package brings it.

An entry point of the group `pki_revocation.doctor` is called with an installation and its open database, and gives an
`Examiner`; the core's own comes first.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from pki_revocation.database import Database
from pki_revocation.installation import Installation

EXAMINERS_GROUP = "pki_revocation.doctor"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, whether it is well, and what to do when it is not."""

    check: str
    well: bool
    says: str


class Restoration(Protocol):
    """Something that can be taken back from what was published: shown first, and then carried out."""

    @property
    def changes(self) -> int:
        """How many rows it would write; 0 when nothing is missing."""
        ...

    def lines(self) -> Iterator[str]:
        """What it would do, for people."""
        ...

    def as_json(self) -> dict[str, object]:
        """What it would do, for programs."""
        ...

    def carry_out(self, source: dict[str, str]) -> str:
        """Do it, in one transaction, and give the sentence that says what was done.

        Args:
            source: who does it, kept beside the audit trail.

        Raises:
            PkiError: when it cannot be done; then nothing was.
        """
        ...


class Examiner(Protocol):
    """One package's part of `doctor`."""

    def examine(self) -> Iterator[Finding]:
        """Run its checks; what one needs and cannot have is a finding, not an error."""
        ...

    def restorations(self, files: Sequence[Path]) -> Iterator[Restoration]:
        """What is missing here and can be taken back, from what is published or from *files* alone.

        Raises:
            PkiError: when one of the files is no evidence.
        """
        ...


MakeExaminer: TypeAlias = Callable[[Installation, Database], Examiner]
