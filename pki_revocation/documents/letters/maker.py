"""Revocation codes and the letters that they stand in: a code counts from the moment that its letter is safely on disk.

Codes are drawn and hashed, and letters set and drafted on disk, on all cores; then, a portion at a time in one
transaction, under the lock of the issuer's journal head:

1. when a certificate of the portion may have no code any more, nothing is stored, and the portion is made anew without
   it: no draft of it gets a name, because what has that name by now may be the letter of another run's code;
2. the drafts get their names, and the names are brought to disk;
3. the codes are stored, with an audit record, and committed.

No code is live under that lock where a draft gets its name, so that no letter is replaced whose code counts. A run
that was killed leaves no code without a letter, but perhaps letters without a code, which no manifest tells of: the
next one in that folder removes them (see `run_files` and `killed_runs`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.codes import CodeVerifier
from pki_revocation.config.settings import ContactSettings
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.model import IssuedCertificate
from pki_revocation.subscribers.languages import Language

from .code_store import PORTION, CodeStore
from .covering_run import CoveringLists
from .drawing import Drawer, Drawn
from .eligibility import chosen_by_id, chosen_by_number, count_without_code, without_code
from .folder_owner import FolderOwner, claim
from .killed_runs import confirm_or_take_away, is_unfinished, join_manifests
from .letter_sender import LetterSender
from .printing import Printing
from .private_folder import PrivateFolder
from .report import LettersReport, RefusedLetter
from .run_files import RunFiles
from .single_letters import SingleLetters

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
        duplex: bool = False,
        sheet_marks: bool = False,
        covering: CoveringLists | None = None,
        contact: ContactSettings | None = None,
        sender: LetterSender | None = None,
    ) -> None:
        """*public_url* is where the subscriber's pages are; *language* is for those whose own is not registered.

        *contact* is how subscribers reach you when the page does not work; without it letters do not say. *fonts* is a
        folder with fonts for names that the typesetter's own have no characters for. With *prints*, new letters go into
        print files, with *duplex* for both sides of the paper and with *sheet_marks* for machines that insert them; a
        reissue's is always a file of its own. Each run makes the covering lists of *covering*. *sender*
        says how letters name who writes, but for the contact itself.
        """
        self._prints = prints
        self._covering = covering
        self._database = database
        self._clock = clock
        # Codes die with the pepper: it is what makes an installation's letters its own.
        self._owner = FolderOwner(identity=verifier.pepper.id, database=str(database))
        drawer = Drawer(
            database=database,
            clock=clock,
            verifier=verifier,
            public_url=public_url,
            language=language,
            contact=contact or ContactSettings(),
            sender=sender or LetterSender(),
        )
        store = CodeStore(database=database, clock=clock, audit=audit, verifier=verifier)
        self._singles = SingleLetters(drawer=drawer, store=store, fonts=fonts)
        self._printing = Printing(drawer=drawer, store=store, fonts=fonts, duplex=duplex, sheet_marks=sheet_marks)

    def waiting(self) -> int:
        """How many certificates have a number, are live, and have no code yet."""
        with self._database.read() as connection:
            return count_without_code(connection, self._clock.now())

    def newest(self) -> int:
        """The highest row of all certificates: as long as it stays, nothing arrived."""
        with self._database.read() as connection:
            return connection.execute(select(func.max(certificates.c.id))).scalar() or 0

    def is_unfinished(self, folder: Path) -> bool:
        """Whether a run that was killed left something there to be done: the next one does it."""
        return is_unfinished(folder)

    def make_all(self, folder: Path, progress: Progress | None = None) -> LettersReport:
        """Letters for every certificate that is waiting for one.

        Args:
            folder: where to; it is made where it is missing.
            progress: called with the number done so far.

        Raises:
            FolderInUse: when another run writes there.
            FolderOfAnother: when another installation's letters are there.
        """
        with self._held(folder) as held:
            return self._make(self._waiting(), [], held, progress)

    def make(self, numbers: Iterable[str], folder: Path, progress: Progress | None = None) -> LettersReport:
        """Letters for the certificates with these numbers; those that cannot have one are refused, one by one.

        Raises:
            FolderInUse: when another run writes there.
            FolderOfAnother: when another installation's letters are there.
        """
        # Chosen while the folder is held: what another run has made there by then is not made again.
        with self._held(folder) as held:
            with self._database.read() as connection:
                chosen, refused = chosen_by_number(connection, numbers, self._clock.now())
            return self._make(iter(chosen), refused, held, progress)

    def reissue(
        self, numbers: Iterable[str], folder: Path, *, by: str | None, progress: Progress | None = None
    ) -> LettersReport:
        """New codes and letters for certificates that have a code, which dies in the moment when the new one counts.

        Args:
            numbers: whose; those that cannot have a new one are refused, one by one.
            folder: where to.
            by: the operator who reissues them, kept beside the audit record; the account that runs this without one.
            progress: called with the number done so far.

        Raises:
            FolderInUse: when another run writes there.
            FolderOfAnother: when another installation's letters are there.
        """
        with self._held(folder) as held:
            with self._database.read() as connection:
                chosen, refused = chosen_by_number(connection, numbers, self._clock.now(), again=True)
            return self._make(iter(chosen), refused, held, progress, reissued_by=by or "")

    def issue_codes(
        self, certificate_ids: Sequence[int], *, letters: Path | None = None, progress: Progress | None = None
    ) -> list[IssuedCode]:
        """Codes for a caller that keeps them itself, in the order asked for; with *letters*, letters are made too.

        What gets revoked, or a code, while its code is being made is left out, as is what no letter can be set for.

        Raises:
            CodeRefused: when one of the certificates may have none; found before any is issued.
            FolderInUse: when another run writes in *letters*.
            FolderOfAnother: when another installation's letters are there.
        """
        if letters is None:
            return self._issued(certificate_ids, None, progress)
        with self._held(letters) as held:
            self._finish(held)
            issued = self._issued(certificate_ids, RunFiles(held, self._clock.now()), progress)
            join_manifests(held)
            return issued

    def _issued(
        self, certificate_ids: Sequence[int], files: RunFiles | None, progress: Progress | None
    ) -> list[IssuedCode]:
        issued: list[IssuedCode] = []
        with self._database.read() as connection:
            chosen = chosen_by_id(connection, certificate_ids, self._clock.now())
        for portion in self._singles.run(iter(chosen), files, []):
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
        finished = self._finish(folder)
        files = RunFiles(folder, self._clock.now())
        portions: Iterator[list[Drawn]]
        if self._prints and reissued_by is None:
            portions = self._printing.run(chosen, files, refused)
        else:
            portions = self._singles.run(chosen, files, refused, reissued_by)
        made = 0
        for portion in portions:
            made += len(portion)
            if progress is not None:
                progress(made + len(refused))
        manifests = join_manifests(folder)
        return LettersReport(
            made=made,
            refused=tuple(refused),
            print_files=(*finished, *files.print_files),
            manifests=tuple(manifests),
            covering_lists=tuple(self._covered(folder, manifests)),
        )

    def _covered(self, folder: PrivateFolder, manifests: Iterable[str]) -> Iterator[str]:
        if self._covering is None:
            return
        for manifest in manifests:
            made = self._covering.make(folder.path / manifest)
            if made is not None:
                yield made.name

    @contextmanager
    def _held(self, path: Path) -> Iterator[PrivateFolder]:
        with PrivateFolder(path) as folder:
            claim(folder, self._owner)
            yield folder

    def _finish(self, folder: PrivateFolder) -> list[str]:
        """Bring killed runs to their end, but for their manifests, which are joined with this run's."""
        with self._database.read() as connection:
            return confirm_or_take_away(connection, folder)

    def _waiting(self) -> Iterator[IssuedCertificate]:
        last = 0
        while True:
            with self._database.read() as connection:
                found = without_code(connection, self._clock.now(), after=last, limit=PORTION)
            if not found:
                return
            yield from found
            last = found[-1].id
