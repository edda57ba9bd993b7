"""Makes letters that have a PDF each, and codes without letters, portion by portion on all cores."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

from pki_revocation.host.failpoints import reach
from pki_revocation.model import IssuedCertificate

from .code_store import PORTION, CodeStore
from .drawing import DraftedLetter, Drawer, Drawn
from .letter import LetterNotSet, compile_letter
from .manifest import PlacedLetter
from .report import RefusedLetter
from .run_files import Portion, RunFiles


class SingleLetters:
    """Draws, sets and stores letter by letter."""

    def __init__(self, *, drawer: Drawer, store: CodeStore, fonts: Path | None) -> None:
        """Print with *fonts*, or typst's own where it is None."""
        self._drawer = drawer
        self._store = store
        self._fonts = fonts

    def run(
        self,
        chosen: Iterator[IssuedCertificate],
        files: RunFiles | None,
        refused: list[RefusedLetter],
        reissued_by: str | None = None,
    ) -> Iterator[list[Drawn]]:
        """Portion by portion what was stored; what could not be is added to *refused*. Without *files*, no letters."""
        with ThreadPoolExecutor(os.cpu_count() or 1) as cores:
            while portion := list(islice(chosen, PORTION)):
                drawn = []
                for outcome in cores.map(lambda certificate: self._draw(certificate, files), portion):
                    if isinstance(outcome, RefusedLetter):
                        refused.append(outcome)
                    else:
                        drawn.append(outcome)
                reach("letters.drafted")
                yield self._stored(drawn, files, refused, reissued_by)

    def _stored(
        self, drawn: list[Drawn], files: RunFiles | None, refused: list[RefusedLetter], reissued_by: str | None
    ) -> list[Drawn]:
        """Those whose codes were stored; the drafts of the others are removed."""
        while drawn and (left_out := self._store.store(drawn, _portion(drawn, files), reissued_by)):
            refused += left_out.values()
            for each in drawn:
                if each.number in left_out and each.letter is not None:
                    each.letter.draft.unlink()
            drawn = [each for each in drawn if each.number not in left_out]
        return drawn

    def _draw(self, certificate: IssuedCertificate, files: RunFiles | None) -> Drawn | RefusedLetter:
        drawn = self._drawer.draw(certificate)
        if files is None:
            return drawn
        try:
            printed = compile_letter(drawn.content, self._fonts)
        except LetterNotSet as error:
            return RefusedLetter.not_set(drawn.number, str(error))
        (place,) = printed.places
        letter = DraftedLetter(
            draft=files.folder.draft(printed.pdf), pages=place.pages, sha256=hashlib.sha256(printed.pdf).hexdigest()
        )
        return replace(drawn, letter=letter)


def _portion(drawn: list[Drawn], files: RunFiles | None) -> Portion | None:
    if files is None:
        return None
    letters = [(each, each.letter) for each in drawn if each.letter is not None]
    placed = [
        PlacedLetter(content=each.content, file=each.letter_name, page=1, pages=letter.pages, sha256=letter.sha256)
        for each, letter in letters
    ]
    return files.portion(placed, drafts={each.letter_name: letter.draft for each, letter in letters})
