"""Makes print files: a run's letters in PDFs of a hundred each, whose codes are stored together.

The typesetter holds a whole PDF in memory, about a megabyte for each letter: so many in one file, and no more. Tagged
PDFs are not merged afterwards, because their structure would have to be made anew (ISO 32000-1 section 14.7).

A certificate that cannot have a letter, or may have no code any more, is left out, and the file is set again without:
nothing that a printer gets holds a letter whose code does not count.
"""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from pki_revocation.host.failpoints import reach
from pki_revocation.model import IssuedCertificate

from .code_store import PORTION, CodeStore
from .drawing import Drawer, Drawn
from .letter import LetterNotSet, PrintedLetters, compile_print_file
from .manifest import PlacedLetter
from .report import RefusedLetter
from .run_files import RunFiles


class Printing:
    """Draws, sets and stores print file by print file."""

    def __init__(
        self, *, drawer: Drawer, store: CodeStore, fonts: Path | None, duplex: bool, sheet_marks: bool = False
    ) -> None:
        """Print with *fonts*, or typst's own where it is None; *duplex* begins each letter on a sheet of its own.

        With *sheet_marks*, each sheet has a mark for machines that insert it.
        """
        self._drawer = drawer
        self._store = store
        self._fonts = fonts
        self._duplex = duplex
        self._sheet_marks = sheet_marks

    def run(
        self, chosen: Iterator[IssuedCertificate], files: RunFiles, refused: list[RefusedLetter]
    ) -> Iterator[list[Drawn]]:
        """Print file by print file what was stored; what could not be printed is added to *refused*."""
        with ThreadPoolExecutor(os.cpu_count() or 1) as cores:
            while portion := list(islice(chosen, PORTION)):
                drawn = list(cores.map(self._drawer.draw, portion))
                while drawn and (left_out := self._print(drawn, files, cores)):
                    refused += left_out.values()
                    drawn = [each for each in drawn if each.number not in left_out]
                yield drawn

    def _print(self, drawn: list[Drawn], files: RunFiles, cores: ThreadPoolExecutor) -> dict[str, RefusedLetter]:
        """Make one print file; or else the letters that it must be set again without, by number."""
        marked_as = files.next_print_file if self._sheet_marks else ""
        try:
            printed = compile_print_file(
                [each.content for each in drawn], self._fonts, duplex=self._duplex, marked_as=marked_as
            )
        except LetterNotSet:
            # Only one by one it shows which; that happens once for a file, with the refusal of names that have no font.
            wrong = [each for each in cores.map(self._why_not_set, drawn) if each is not None]
            if not wrong:
                raise
            return {each.number: each for each in wrong}
        portion = files.portion(_placed(drawn, printed, files.next_print_file), print_file=printed.pdf)
        reach("letters.drafted")
        return self._store.store(drawn, portion, None)

    def _why_not_set(self, drawn: Drawn) -> RefusedLetter | None:
        try:
            compile_print_file([drawn.content], self._fonts)
        except LetterNotSet as error:
            return RefusedLetter.not_set(drawn.number, str(error))
        return None


def _placed(drawn: list[Drawn], printed: PrintedLetters, name: str) -> list[PlacedLetter]:
    digest = hashlib.sha256(printed.pdf).hexdigest()
    return [
        PlacedLetter(content=each.content, file=name, page=place.first, pages=place.pages, sha256=digest)
        for each, place in zip(drawn, printed.places, strict=True)
    ]
