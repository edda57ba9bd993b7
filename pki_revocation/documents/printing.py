"""Makes print files: up to a thousand letters in one PDF, whose codes are stored together.

Whoever cannot have a letter, or may have no code any more, is left out, and the file is set again without: nothing that
a printer gets holds a letter whose code does not count.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from pki_revocation.clock import Clock
from pki_revocation.failpoints import reach
from pki_revocation.model import IssuedCertificate

from .code_store import CodeStore
from .drawing import Drawer, Drawn
from .letter import LetterNotSet, compile_print_file
from .letters_report import RefusedLetter
from .print_file import PrintFile
from .private_folder import PrivateFolder

# One file, and one transaction, for this many: what a printer takes at once, and what a killed run makes again.
LETTERS_IN_A_FILE = 1000


class Printing:
    """Draws, sets and stores print file by print file."""

    def __init__(self, *, drawer: Drawer, store: CodeStore, clock: Clock, fonts: Path | None) -> None:
        """All that it needs, as arguments."""
        self._drawer = drawer
        self._store = store
        self._clock = clock
        self._fonts = fonts

    def run(
        self, chosen: Iterator[IssuedCertificate], folder: PrivateFolder, refused: list[RefusedLetter]
    ) -> Iterator[tuple[str, list[Drawn]]]:
        """The name of each print file with the codes in it; what could not be printed is added to *refused*."""
        with ThreadPoolExecutor(os.cpu_count() or 1) as cores:
            while portion := list(islice(chosen, LETTERS_IN_A_FILE)):
                drawn = list(cores.map(self._drawer.draw, portion))
                while drawn:
                    name, left_out = self._print(drawn, folder, cores)
                    refused += left_out.values()
                    if name is not None:
                        yield name, drawn
                        break
                    drawn = [each for each in drawn if each.number not in left_out]

    def _print(
        self, drawn: list[Drawn], folder: PrivateFolder, cores: ThreadPoolExecutor
    ) -> tuple[str | None, dict[str, RefusedLetter]]:
        """The print file's name, or else whom it must be set again without."""
        contents = [each.content for each in drawn]
        try:
            printed = compile_print_file(contents, self._fonts)
        except LetterNotSet:
            # Only one by one it shows which; that happens once for a file, with the refusal of names that have no font.
            wrong = [each for each in cores.map(self._why_not_set, drawn) if each is not None]
            if not wrong:
                raise
            return None, {each.number: each for each in wrong}
        file = PrintFile(folder, self._clock.now(), printed, contents)
        reach("letters.drafted")
        left_out = self._store.store_printed(drawn, file)
        return (None if left_out else file.name), left_out

    def _why_not_set(self, drawn: Drawn) -> RefusedLetter | None:
        try:
            compile_print_file([drawn.content], self._fonts)
        except LetterNotSet as error:
            return RefusedLetter.not_set(drawn.number, str(error))
        return None
