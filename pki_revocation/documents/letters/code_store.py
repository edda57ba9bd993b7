"""Stores codes whose letters are whole on disk; that each certificate may have one is checked under the journal's lock.

Revocations and other runs wait for that lock, so that what is decided under it is still so when it is committed. They
must not wait long: a transaction is for one portion, and asks for all of it at once.
"""

from collections.abc import Sequence
from contextlib import nullcontext

from sqlalchemy import Connection

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from pki_revocation.host.account import claimed_by
from pki_revocation.host.failpoints import reach
from pki_revocation.numbers import grouped
from pki_revocation.register.live_codes import live_versions, store_codes

from .drawing import Drawn
from .eligibility import eligible_ids, why_no_code
from .report import RefusedLetter
from .run_files import Portion

# One transaction for this many: tens of milliseconds under the lock, and what a killed run makes again.
PORTION = 100


class CodeStore:
    """Stores codes in the database; a code counts from the commit of `store` on."""

    def __init__(self, *, database: Database, clock: Clock, audit: AuditTrail, verifier: CodeVerifier) -> None:
        """Store into *database*, hashed as *verifier* does it, and have *audit* record it in the same transaction."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._verifier = verifier

    def store(
        self, drawn: Sequence[Drawn], portion: Portion | None, reissued_by: str | None
    ) -> dict[str, RefusedLetter]:
        """Store the codes of a portion, which has no files where codes are handed over without letters.

        When some may have none any more, because they were revoked or got a code from another run in the meantime,
        nothing is stored and the portion is discarded; they are given by number, to be left out.
        """
        with self._database.write() as connection:
            left_out = self._left_out(connection, drawn, reissued_by)
            if left_out:
                if portion is not None:
                    portion.discard()
                return left_out
            with nullcontext() if portion is None else portion.placed():
                reach("letters.written")
                self._record(connection, drawn, portion, reissued_by)
        reach("letters.stored")
        if portion is not None:
            portion.confirm()
        return {}

    def _left_out(
        self, connection: Connection, drawn: Sequence[Drawn], reissued_by: str | None
    ) -> dict[str, RefusedLetter]:
        """Under the lock that it takes: those that may not have their code, by number."""
        for issuer_id in sorted({each.certificate.issuer_id for each in drawn}):
            journal.lock_head(connection, issuer_id)
        now, again = self._clock.now(), reissued_by is not None
        ids = [each.certificate.id for each in drawn]
        eligible = eligible_ids(connection, ids, now, again=again)
        versions = live_versions(connection, ids) if again else {}
        left_out = {}
        for each in drawn:
            reason = None
            if each.certificate.id not in eligible:
                reason = why_no_code(connection, each.certificate, now, again=again)
            elif again and versions[each.certificate.id] != each.replaces:
                # Of two reissues at once one wins: the other's letter would bear the name of the one that counts.
                reason = (
                    f"The certificate with number {grouped(each.number)} got another code at this moment: do it again."
                )
            if reason is not None:
                left_out[each.number] = RefusedLetter(number=each.number, reason=reason)
        return left_out

    def _record(
        self, connection: Connection, drawn: Sequence[Drawn], portion: Portion | None, reissued_by: str | None
    ) -> None:
        pepper_id = self._verifier.pepper.id
        verifiers = [(each.certificate.id, each.verifier) for each in drawn]
        store_codes(connection, verifiers, pepper_id=pepper_id, clock=self._clock)
        detail: dict[str, object] = {
            "numbers": [each.number for each in drawn],
            "letters": portion is not None,
            "pepper": pepper_id,
        }
        if portion is not None:
            detail["manifest"] = portion.manifest
        if reissued_by is None:
            self._audit.record(connection, "codes.issued", detail)
        else:
            self._audit.record(connection, "codes.reissued", detail, personal=claimed_by(reissued_by, key="by"))
