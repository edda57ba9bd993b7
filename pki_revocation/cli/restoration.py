"""What `doctor --restore` can take back, as each package brings it.

An entry point of the group `pki_revocation.restorations` is a function that is called with an installation, its open
database and the files that the operator named, and gives what is missing here.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.host.installed import brought

RESTORATIONS_GROUP = "pki_revocation.restorations"


class Restoration(Protocol):
    """Something that can be taken back from what was published: shown first, and then carried out."""

    @property
    def changes(self) -> int:
        """How many rows it would write; 0 when nothing is missing."""
        ...

    @property
    def stays(self) -> Sequence[str]:
        """The differences that it leaves as they are, a sentence each; they are among the lines too."""
        ...

    def lines(self) -> Iterator[str]:
        """What it would do, as lines for operators."""
        ...

    def as_json(self) -> dict[str, object]:
        """What it would do, as JSON for programs."""
        ...

    def carry_out(self, source: dict[str, str]) -> str:
        """Do it, in one transaction, and give the sentence that says what was done.

        Args:
            source: the operator who does it, kept beside the audit trail.

        Raises:
            PkiError: when it cannot be done; then nothing was.
        """
        ...


FindRestorations: TypeAlias = Callable[[Installation, Database, Sequence[Path]], Iterator[Restoration]]


def restorations(installation: Installation, database: Database, files: Sequence[Path]) -> Iterator[Restoration]:
    """What the packages find missing, in what is published or in *files*.

    Raises:
        PkiError: when what is published cannot be read.
    """
    for point in sorted(brought(RESTORATIONS_GROUP), key=lambda point: point.name):
        find: FindRestorations = point.load()
        yield from find(installation, database, files)
