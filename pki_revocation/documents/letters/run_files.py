"""What a run of letters puts into its folder, besides letters that have a file each.

A run goes portion by portion: letters whose codes are stored in one transaction. Each portion has a manifest of its
own, `RUN-0001.csv`, and where letters are printed together, the PDF that they are in, `RUN-0001.pdf`. Both are whole
and safe on disk before the codes are stored, with `.unconfirmed` behind their names: what bears its name without it
counts. The audit trail names the portion's manifest in the transaction of its codes, so that the next run in that
folder knows what to make of what a killed one left (see `killed_runs`).

At the end of a run its portions' manifests become one, `RUN.csv`: where that exists, the run is complete.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from secrets import token_hex

from pki_revocation.host.failpoints import reach

from .manifest import PlacedLetter, manifest
from .private_folder import PrivateFolder

UNCONFIRMED = ".unconfirmed"


class RunFiles:
    """The files of one run, in the order of its portions."""

    def __init__(self, folder: PrivateFolder, moment: datetime) -> None:
        """*moment* is in their names, for operators; a random part keeps two runs' names apart."""
        self.folder = folder
        self.print_files: list[str] = []
        self._name = f"letters-{moment:%Y%m%dT%H%M%SZ}-{token_hex(4)}"
        self._confirmed = 0

    @property
    def next_print_file(self) -> str:
        """What the PDF of the portion that comes next is called; no number is left out."""
        return f"{self._next}.pdf"

    @property
    def _next(self) -> str:
        return f"{self._name}-{self._confirmed + 1:04}"

    def portion(
        self,
        letters: Sequence[PlacedLetter],
        *,
        drafts: Mapping[str, Path] | None = None,
        print_file: bytes | None = None,
    ) -> "Portion":
        """Bring the next portion's manifest to disk, and its print file.

        Args:
            letters: what is in it.
            drafts: by its name, each letter that has a file of its own.
            print_file: the PDF that they are in together, named `next_print_file`.
        """
        own = {f"{self._next}.csv": self.folder.draft(manifest(letters))}
        if print_file is not None:
            own[self.next_print_file] = self.folder.draft(print_file)
        return Portion(self, f"{self._next}.csv", own, drafts or {})

    def count(self, names: Sequence[str]) -> None:
        """Count a portion whose codes are stored, and its print files; *names* are those of its own files."""
        self._confirmed += 1
        self.print_files += [name for name in names if name.endswith(".pdf")]


class Portion:
    """The files of one portion, from drafts to names; *manifest* is what the audit trail knows it by."""

    def __init__(self, run: RunFiles, name: str, own: Mapping[str, Path], letters: Mapping[str, Path]) -> None:
        """*own* are manifest and print file, and *letters* those that have a file each: drafts by their names."""
        self.manifest = name
        self._run = run
        self._own = own
        self._letters = letters

    @contextmanager
    def placed(self) -> Iterator[None]:
        """In the block all are safe on disk, those of the run's own unconfirmed; when it fails, they are removed."""
        # The manifest comes first: no letter has its name that nothing tells of.
        unconfirmed = {f"{name}{UNCONFIRMED}": draft for name, draft in self._own.items()}
        with self._run.folder.published({**unconfirmed, **self._letters}):
            yield

    def confirm(self) -> None:
        """Give the run's own files their names: the codes are stored."""
        folder = self._run.folder
        for name in self._own:
            (folder.path / f"{name}{UNCONFIRMED}").replace(folder.path / name)
            reach("letters.named")
        folder.settle()
        self._run.count([*self._own])

    def discard(self) -> None:
        """Remove the run's own drafts: they hold letters of certificates that may have no code any more."""
        for draft in self._own.values():
            draft.unlink()
