"""Stores codes whose letters are whole on disk; under the lock of the journal head it is seen who may have one.

Revocations and other runs wait for that lock, so that what is decided under it is still so when it is committed.
"""

from collections.abc import Sequence
from contextlib import nullcontext

from sqlalchemy import Connection

from pki_revocation import journal, register
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.codes import CodeVerifier
from pki_revocation.database import Database
from pki_revocation.failpoints import reach
from pki_revocation.numbers import grouped

from .drawing import Drawn
from .eligibility import why_no_code
from .letters_report import RefusedLetter
from .print_file import PrintFile
from .private_folder import PrivateFolder


class CodeStore:
    """Where codes begin to count."""

    def __init__(self, *, database: Database, clock: Clock, audit: AuditTrail, verifier: CodeVerifier) -> None:
        """All that it needs, as arguments."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._verifier = verifier

    def store(
        self,
        drawn: Sequence[Drawn],
        folder: PrivateFolder | None,
        refused: list[RefusedLetter],
        reissued_by: str | None,
    ) -> list[Drawn]:
        """Store the codes, except of what was revoked or got a code from another run in the meantime.

        What was left out is added to *refused*, and its draft is taken away.
        """
        with self._database.write() as connection:
            stored, left_out = self._looked_at_again(connection, drawn, reissued_by)
            refused += left_out.values()
            for each in drawn:
                if each.number in left_out and each.draft is not None:
                    each.draft.unlink()
            if stored:
                drafts = {each.letter_name: each.draft for each in stored if each.draft is not None}
                with nullcontext() if folder is None else folder.published(drafts):
                    reach("letters.written")
                    self._record(connection, stored, letters=folder is not None, reissued_by=reissued_by)
        reach("letters.stored")
        return stored

    def store_printed(self, drawn: Sequence[Drawn], file: PrintFile) -> dict[str, RefusedLetter]:
        """Store the codes of a print file; when somebody may have none any more, store nothing and tell who."""
        with self._database.write() as connection:
            _, left_out = self._looked_at_again(connection, drawn, None)
            if left_out:
                file.discard()
                return left_out
            with file.placed():
                reach("letters.written")
                self._record(connection, drawn, letters=True, reissued_by=None, print_file=file.name)
        reach("letters.stored")
        file.confirm()
        return {}

    def _looked_at_again(
        self, connection: Connection, drawn: Sequence[Drawn], reissued_by: str | None
    ) -> tuple[list[Drawn], dict[str, RefusedLetter]]:
        """Under the lock that it takes: those that may have their code, and the others by number."""
        for issuer_id in sorted({each.certificate.issuer_id for each in drawn}):
            journal.lock_head(connection, issuer_id)
        now = self._clock.now()
        left_out = {}
        for each in drawn:
            reason = why_no_code(connection, each.certificate, now, again=reissued_by is not None)
            if reason is None and reissued_by is not None:
                reason = _overtaken(connection, each)
            if reason is not None:
                left_out[each.number] = RefusedLetter(number=each.number, reason=reason)
        return [each for each in drawn if each.number not in left_out], left_out

    def _record(
        self,
        connection: Connection,
        stored: Sequence[Drawn],
        *,
        letters: bool,
        reissued_by: str | None,
        print_file: str | None = None,
    ) -> None:
        pepper_id = self._verifier.pepper.id
        verifiers = [(each.certificate.id, each.verifier) for each in stored]
        register.store_codes(connection, verifiers, pepper_id=pepper_id, clock=self._clock)
        detail: dict[str, object] = {
            "numbers": [each.number for each in stored],
            "letters": letters,
            "pepper": pepper_id,
        }
        if print_file is not None:
            detail["print_file"] = print_file
        if reissued_by is None:
            self._audit.record(connection, "codes.issued", detail)
        else:
            self._audit.record(connection, "codes.reissued", detail, personal={"by": reissued_by})


def _overtaken(connection: Connection, drawn: Drawn) -> str | None:
    """Of two reissues at once one wins: the other's letter would bear the name of the one that counts."""
    live = register.live_verifier(connection, drawn.certificate.id)
    if live is not None and live[0] == drawn.replaces:
        return None
    return f"The certificate with number {grouped(drawn.number)} got another code at this moment: do it again."
