"""Revocation codes and the letters that they stand in: a code counts from the moment that its letter is safely on disk.

Codes are drawn and hashed, and letters set and drafted on disk, on all cores; then, some at a time in one transaction,
under the lock of the issuer's journal head:

1. whoever may have no code any more is left out, and its draft never gets a name: what has that name by now may be
   the letter of another run's code;
2. the drafts of the others get their names, and the names are brought to disk;
3. their codes are stored, with an audit record, and committed.

No code is live under that lock where a draft gets its name, so that no letter is replaced whose code counts. A run
that was killed leaves no code without a letter, but perhaps letters without a code: the next one in that folder
replaces them. A print file goes the same way as one (see `print_file`), and is set again without whoever is left out.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from sqlalchemy import func, select

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.codes import CodeVerifier
from pki_revocation.database import Database
from pki_revocation.failpoints import reach
from pki_revocation.model import IssuedCertificate
from pki_revocation.schema import certificates

from .code_store import CodeStore
from .drawing import Drawer, Drawn
from .eligibility import chosen_by_id, chosen_by_number, count_without_code, without_code
from .letter import Language, LetterNotSet, compile_letter
from .letters_report import LettersReport, RefusedLetter
from .print_file import confirm_or_take_away, unconfirmed
from .printing import Printing
from .private_folder import PrivateFolder

# One transaction for this many: a second or two of hashing, which is what a killed run loses.
_PORTION = 64

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCode:
    """A number and its code, to be handed over now: the code cannot be had again."""

    number: str
    code: str = field(repr=False)


class LetterMaker:
    """Makes codes and letters, each in its subscriber's language."""

    def __init__(  # noqa: PLR0913 - a constructor takes what it works with
        self,
        *,
        database: Database,
        clock: Clock,
        audit: AuditTrail,
        verifier: CodeVerifier,
        public_url: str,
        language: Language,
        fonts: Path | None = None,
        prints: bool = False,
    ) -> None:
        """*public_url* is where the subscriber's pages are; *language* is for whom nobody told another one.

        *fonts* is a folder with fonts for names that the typesetter's own have no characters for. With *prints*,
        new letters go into print files; a reissue's is always a file of its own.
        """
        self._fonts = fonts
        self._prints = prints
        self._database = database
        self._clock = clock
        self._drawer = Drawer(
            database=database, clock=clock, verifier=verifier, public_url=public_url, language=language
        )
        self._store = CodeStore(database=database, clock=clock, audit=audit, verifier=verifier)
        self._printing = Printing(drawer=self._drawer, store=self._store, clock=clock, fonts=fonts)

    def waiting(self) -> int:
        """How many certificates have a number, are live, and have no code yet."""
        with self._database.read() as connection:
            return count_without_code(connection, self._clock.now())

    def newest(self) -> int:
        """The highest row of all certificates: as long as it stays, nothing arrived."""
        with self._database.read() as connection:
            return connection.execute(select(func.max(certificates.c.id))).scalar() or 0

    def is_unfinished(self, folder: Path) -> bool:
        """Whether a run that was killed left a print file there without its name: the next one finishes it."""
        return bool(unconfirmed(folder))

    def make_all(self, folder: Path, progress: Progress | None = None) -> LettersReport:
        """Letters for every certificate that is waiting for one.

        Args:
            folder: where to; it is made where it is missing.
            progress: called with the number done so far.

        Raises:
            FolderInUse: when another run writes there.
        """
        with PrivateFolder(folder) as held:
            return self._make(self._waiting(), [], held, progress)

    def make(self, numbers: Iterable[str], folder: Path, progress: Progress | None = None) -> LettersReport:
        """Letters for the certificates with these numbers; those that cannot have one are refused, one by one.

        Raises:
            FolderInUse: when another run writes there.
        """
        # Chosen while the folder is held: what another run has made there by then is not made again.
        with PrivateFolder(folder) as held:
            with self._database.read() as connection:
                chosen, refused = chosen_by_number(connection, numbers, self._clock.now())
            return self._make(iter(chosen), refused, held, progress)

    def reissue(
        self, numbers: Iterable[str], folder: Path, *, by: str, progress: Progress | None = None
    ) -> LettersReport:
        """New codes and letters for certificates that have a code, which dies in the moment when the new one counts.

        Args:
            numbers: whose; those that cannot have a new one are refused, one by one.
            folder: where to.
            by: who reissues them, kept beside the audit record.
            progress: called with the number done so far.

        Raises:
            FolderInUse: when another run writes there.
        """
        with PrivateFolder(folder) as held:
            with self._database.read() as connection:
                chosen, refused = chosen_by_number(connection, numbers, self._clock.now(), again=True)
            return self._make(iter(chosen), refused, held, progress, reissued_by=by)

    def issue_codes(
        self, certificate_ids: Sequence[int], *, letters: Path | None = None, progress: Progress | None = None
    ) -> list[IssuedCode]:
        """Codes for whoever keeps them in another way, in the order asked for; with *letters*, letters are made too.

        What gets revoked, or a code, while its code is being made is left out, as is what no letter can be set for.

        Raises:
            CodeRefused: when one of the certificates may have none; found before any is issued.
            FolderInUse: when another run writes in *letters*.
        """
        issued: list[IssuedCode] = []
        with _held(letters) as folder:
            with self._database.read() as connection:
                chosen = chosen_by_id(connection, certificate_ids, self._clock.now())
            for portion in self._issue(iter(chosen), folder, []):
                issued += [IssuedCode(number=drawn.number, code=drawn.content.code) for drawn in portion]
                if progress is not None:
                    progress(len(issued))
        return issued

    def _make(
        self,
        chosen: Iterator[IssuedCertificate],
        refused: list[RefusedLetter],
        folder: PrivateFolder,
        progress: Progress | None,
        *,
        reissued_by: str | None = None,
    ) -> LettersReport:
        made = 0
        with self._database.read() as connection:
            files = confirm_or_take_away(connection, folder)
        if self._prints and reissued_by is None:
            portions = self._print(chosen, folder, refused, files)
        else:
            portions = self._issue(chosen, folder, refused, reissued_by)
        for portion in portions:
            made += len(portion)
            if progress is not None:
                progress(made + len(refused))
        return LettersReport(made=made, refused=tuple(refused), files=tuple(files))

    def _print(
        self,
        chosen: Iterator[IssuedCertificate],
        folder: PrivateFolder,
        refused: list[RefusedLetter],
        files: list[str],
    ) -> Iterator[list[Drawn]]:
        for name, drawn in self._printing.run(chosen, folder, refused):
            files.append(name)
            yield drawn

    def _waiting(self) -> Iterator[IssuedCertificate]:
        last = 0
        while True:
            with self._database.read() as connection:
                found = without_code(connection, self._clock.now(), after=last, limit=_PORTION)
            if not found:
                return
            yield from found
            last = found[-1].id

    def _issue(
        self,
        chosen: Iterator[IssuedCertificate],
        folder: PrivateFolder | None,
        refused: list[RefusedLetter],
        reissued_by: str | None = None,
    ) -> Iterator[list[Drawn]]:
        """Portion by portion what was stored; what could not be is added to *refused*."""
        with ThreadPoolExecutor(os.cpu_count() or 1) as cores:
            while portion := list(islice(chosen, _PORTION)):
                drawn = []
                for outcome in cores.map(lambda certificate: self._draw(certificate, folder), portion):
                    if isinstance(outcome, RefusedLetter):
                        refused.append(outcome)
                    else:
                        drawn.append(outcome)
                reach("letters.drafted")
                yield self._store.store(drawn, folder, refused, reissued_by)

    def _draw(self, certificate: IssuedCertificate, folder: PrivateFolder | None) -> Drawn | RefusedLetter:
        drawn = self._drawer.draw(certificate)
        if folder is None:
            return drawn
        try:
            return replace(drawn, draft=folder.draft(compile_letter(drawn.content, self._fonts)))
        except LetterNotSet as error:
            return RefusedLetter.not_set(drawn.number, str(error))


def _held(letters: Path | None) -> AbstractContextManager[PrivateFolder | None]:
    return nullcontext(None) if letters is None else PrivateFolder(letters)
