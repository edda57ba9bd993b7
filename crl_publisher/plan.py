"""What the next CRL is to say: fixed under the journal's head lock, before anything is signed."""

from dataclasses import dataclass
from datetime import datetime

from pki_revocation.model import Issuer

from .builder import Particulars
from .reading import ReadCrl
from .scope import Scope
from .store import PublishedCrl


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One CRL that is about to be made.

    *moment* is when it is issued, *covers_sequence* what the journal held then. *recorded* is the last one that the
    record has as published, *public* the one that relying parties really get now, where it is the issuer's own, and
    *public_covers* what that one covered, 0 when it is not in the record. The two differ when the published folder or
    the database came back from a backup.
    """

    issuer: Issuer
    scope: Scope
    number: int
    moment: datetime
    this_update: datetime
    next_update: datetime
    covers_sequence: int
    recorded: PublishedCrl | None
    public: ReadCrl | None
    public_covers: int = 0

    @property
    def particulars(self) -> Particulars:
        """What the builder needs of it."""
        return Particulars(number=self.number, this_update=self.this_update, next_update=self.next_update)

    @property
    def expired_before(self) -> datetime | None:
        """Certificates that expired before this have been listed once beyond their validity; None when none have.

        Both the recorded and the public CRL must say so: to who only sees an older one that was put back, an entry
        that is on it would vanish too early (RFC 5280 section 3.3).
        """
        if self.recorded is None:
            return None
        if self.public is None:
            return self.recorded.this_update
        return min(self.recorded.this_update, self.public.this_update)

    @property
    def listed_upto(self) -> int:
        """The journal's sequence up to which that can be said."""
        if self.recorded is None:
            return 0
        if self.public is None:
            return self.recorded.covers_sequence
        return min(self.recorded.covers_sequence, self.public_covers)
