"""Revocation codes and the letters that they stand in: a code counts from the moment that its letter is safely on disk.

Codes are drawn and hashed, and letters set and drafted on disk, on all cores; then, some at a time in one transaction,
under the lock of the issuer's journal head:

1. whoever may have no code any more is left out, and its draft never gets a name: what has that name by now may be
   the letter of another run's code;
2. the drafts of the others get their names, and the names are brought to disk;
3. their codes are stored, with an audit record, and committed.

No code is live under that lock where a draft gets its name, so that no letter is replaced whose code counts. A run
that was killed leaves no code without a letter, but perhaps letters without a code: the next one in that folder
replaces them.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, func, select

from pki_revocation import journal, register
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.codes import CodeVerifier, new_code
from pki_revocation.database import Database
from pki_revocation.failpoints import reach
from pki_revocation.model import IssuedCertificate
from pki_revocation.numbers import grouped
from pki_revocation.schema import certificates

from .eligibility import chosen_by_id, chosen_by_number, count_without_code, why_no_code, without_code
from .letter import Language, LetterContent, LetterNotSet, compile_letter
from .letters_report import LettersReport, RefusedLetter
from .private_folder import PrivateFolder

# One transaction for this many: a second or two of hashing, which is what a killed run loses.
_PORTION = 64

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCode:
    """A number and its code, to be handed over now: the code cannot be had again."""

    number: str
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    certificate: IssuedCertificate
    number: str
    verifier: str
    draft: Path | None
    replaces: int | None
    code: str = field(repr=False)

    @property
    def letter_name(self) -> str:
        """What its letter's file is called."""
        return letter_name(self.number, (self.replaces or 0) + 1)


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
    ) -> None:
        """*public_url* is where the subscriber's pages are; *language* is for whom nobody told another one.

        *fonts* is a folder with fonts for names that the typesetter's own have no characters for.
        """
        self._fonts = fonts
        self._database = database
        self._clock = clock
        self._audit = audit
        self._verifier = verifier
        self._public_url = public_url.rstrip("/")
        self._language = language

    def waiting(self) -> int:
        """How many certificates have a number, are live, and have no code yet."""
        with self._database.read() as connection:
            return count_without_code(connection, self._clock.now())

    def newest(self) -> int:
        """The highest row of all certificates: as long as it stays, nothing arrived."""
        with self._database.read() as connection:
            return connection.execute(select(func.max(certificates.c.id))).scalar() or 0

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
                issued += [IssuedCode(number=drawn.number, code=drawn.code) for drawn in portion]
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
        for portion in self._issue(chosen, folder, refused, reissued_by):
            made += len(portion)
            if progress is not None:
                progress(made + len(refused))
        return LettersReport(made=made, refused=tuple(refused))

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
    ) -> Iterator[list[_Drawn]]:
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
                yield self._store(drawn, folder, refused, reissued_by)

    def _draw(self, certificate: IssuedCertificate, folder: PrivateFolder | None) -> _Drawn | RefusedLetter:
        number = certificate.number
        if number is None:
            raise ValueError(certificate.id)
        code = new_code(self._verifier.scheme)
        draft = None
        with self._database.read() as connection:
            live = register.live_verifier(connection, certificate.id)
            recipient = register.recipient_of(connection, certificate.id)
        if folder is not None:
            told = None if recipient is None else recipient.language
            language = self._language if told is None else Language(told)
            content = LetterContent(
                language=language,
                address=() if recipient is None else recipient.address,
                dated=self._clock.now(),
                organisation=certificate.organisation,
                subject=certificate.subject,
                serial=certificate.serial,
                not_before=certificate.not_before,
                not_after=certificate.not_after,
                number=number,
                code=code,
                page=self._public_url + language.page,
            )
            try:
                draft = folder.draft(compile_letter(content, self._fonts))
            except LetterNotSet as error:
                return RefusedLetter(number=number, reason=f"Number {grouped(number)}: {error}")
        verifier = self._verifier.store(number=number, code=code)
        return _Drawn(
            certificate=certificate,
            number=number,
            verifier=verifier,
            draft=draft,
            replaces=None if live is None else live[0],
            code=code,
        )

    def _store(
        self,
        drawn: Sequence[_Drawn],
        folder: PrivateFolder | None,
        refused: list[RefusedLetter],
        reissued_by: str | None,
    ) -> list[_Drawn]:
        """Store the codes, except of what was revoked or got a code from another run in the meantime."""
        stored = []
        with self._database.write() as connection:
            for issuer_id in sorted({each.certificate.issuer_id for each in drawn}):
                journal.lock_head(connection, issuer_id)
            now = self._clock.now()
            for each in drawn:
                reason = why_no_code(connection, each.certificate, now, again=reissued_by is not None)
                if reason is None and reissued_by is not None:
                    reason = _overtaken(connection, each)
                if reason is None:
                    stored.append(each)
                    continue
                refused.append(RefusedLetter(number=each.number, reason=reason))
                if each.draft is not None:
                    each.draft.unlink()
            if stored:
                drafts = {each.letter_name: each.draft for each in stored if each.draft is not None}
                with nullcontext() if folder is None else folder.published(drafts):
                    reach("letters.written")
                    self._record(connection, stored, letters=folder is not None, reissued_by=reissued_by)
        return stored

    def _record(
        self, connection: Connection, stored: Sequence[_Drawn], *, letters: bool, reissued_by: str | None
    ) -> None:
        pepper_id = self._verifier.pepper.id
        verifiers = [(each.certificate.id, each.verifier) for each in stored]
        register.store_codes(connection, verifiers, pepper_id=pepper_id, clock=self._clock)
        detail = {"numbers": [each.number for each in stored], "letters": letters, "pepper": pepper_id}
        if reissued_by is None:
            self._audit.record(connection, "codes.issued", detail)
        else:
            self._audit.record(connection, "codes.reissued", detail, personal={"by": reissued_by})


def _overtaken(connection: Connection, drawn: _Drawn) -> str | None:
    """Of two reissues at once one wins: the other's letter would bear the name of the one that counts."""
    live = register.live_verifier(connection, drawn.certificate.id)
    if live is not None and live[0] == drawn.replaces:
        return None
    return f"The certificate with number {grouped(drawn.number)} got another code at this moment: do it again."


def _held(letters: Path | None) -> AbstractContextManager[PrivateFolder | None]:
    return nullcontext(None) if letters is None else PrivateFolder(letters)


def letter_name(number: str, version: int = 1) -> str:
    """The name of a letter's file: by the number, which is no secret, and never by the code.

    A reissue's has the version too: the letter of the code before stays until the new code counts.
    """
    return f"letter-{number}.pdf" if version == 1 else f"letter-{number}-{version}.pdf"
