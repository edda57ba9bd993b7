"""What the newest public CRL lists and the journal lacks: then the database came back from an old backup.

Relying parties know of those revocations already, so that `good` would take them back. Until they are in the journal
again, the issuer's answers are `revoked` for what the CRL lists, or the journal has, and `tryLater` for all others:
what was revoked behind that CRL is not known to any of the two.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ocsp_responder.status import Revoked
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.model import UNKNOWN_END, Issuer
from pki_revocation.proof.public_crls import PublicCrlLook, recorded_among
from pki_revocation.proof.public_files import Fetch

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingOfIssuer:
    """What one journal lacks, by serial; *source* names the CRL that tells of it."""

    source: str
    revoked: Mapping[int, Revoked]

    def says(self, issuer: Issuer) -> str:
        """The sentence for operators."""
        return (
            f"{self.source} lists {len(self.revoked)} revocations that the journal of {issuer.name} does not have, as "
            "after an old backup was restored: only 'revoked' is said of its certificates until 'pki-revocation doctor "
            "--restore' has taken them back."
        )


class MissingRevocations:
    """Knows of each issuer what its journal lacks; examined when a responder starts, and until nothing is lacking."""

    def __init__(self, *, database: Database, clock: Clock, issuers: Sequence[Issuer], fetch: Fetch) -> None:
        """Nothing is read yet."""
        self._database = database
        self._issuers = issuers
        self._look = PublicCrlLook(database=database, clock=clock, fetch=fetch)
        self._missing: Mapping[int, MissingOfIssuer] = {}
        self._lock = threading.Lock()

    @property
    def any(self) -> bool:
        """Whether any journal lacks anything."""
        return bool(self._missing)

    @property
    def trouble(self) -> str | None:
        """What is lacking, in sentences; None for nothing."""
        sentences = [self._missing[each.id].says(each) for each in self._issuers if each.id in self._missing]
        return " ".join(sentences) or None

    def of(self, issuer_id: int) -> MissingOfIssuer | None:
        """What the issuer's journal lacks; None for nothing."""
        return self._missing.get(issuer_id)

    def examine(self) -> None:
        """Read what is public, and find out what the journals lack of it.

        Raises:
            StoreError: when the database does not answer.
        """
        found = {}
        for issuer in self._issuers:
            missing = self._examined(issuer)
            if missing is not None:
                _log.error("%s", missing.says(issuer))
                found[issuer.id] = missing
        with self._lock:
            self._missing = found

    def look_again(self) -> None:
        """Find out whether what was lacking is there by now; nothing public is read again.

        Raises:
            StoreError: when the database does not answer.
        """
        with self._lock, self._database.read() as connection:
            left = {}
            for issuer in self._issuers:
                before = self._missing.get(issuer.id)
                if before is None:
                    continue
                recorded = recorded_among(connection, issuer, before.revoked)
                lacking = {serial: status for serial, status in before.revoked.items() if serial not in recorded}
                if lacking:
                    left[issuer.id] = replace(before, revoked=lacking)
                else:
                    _log.info("%s: the journal has what the public CRL lists again", issuer.name)
            self._missing = left

    def _examined(self, issuer: Issuer) -> MissingOfIssuer | None:
        found = self._look.lost_of(issuer)
        if found is not None:
            self._look.remember(issuer, found)
        # A look of another node's may have seen what is not public here.
        lacking = self._look.remembered(issuer) | ({} if found is None else found.by_serial)
        if not lacking:
            return None
        revoked = {serial: Revoked(lost.revocation_date, lost.reason, UNKNOWN_END) for serial, lost in lacking.items()}
        return MissingOfIssuer(source="what was public" if found is None else found.source, revoked=revoked)
