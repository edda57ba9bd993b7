"""What the next CRL is to say: fixed under the journal's head lock, before anything is signed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from crl_publisher.crl.crl_extensions import CrlParameters
from crl_publisher.entry_store.selection import Selection
from pki_revocation.clock import iso
from pki_revocation.model import Issuer

from .public_crl import PublicCrl
from .published import PublishedCrl
from .scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One CRL that is about to be made, or was made elsewhere and is about to become public.

    *moment* is when it is issued, *covers_sequence* what the journal held then, *longest_validity* what the schedule's
    profile allows (None for a last CRL, which is good for ever). *recorded* is the last one that the record has as
    published, *public* the one that relying parties really get now, where it is the issuer's own. The two differ when
    the published folder or the database came back from a backup. *base* is what a delta is a delta to.

    *is_foreign* is for a CRL that another program put together: it was not planned here, and what means the same in
    other octets is let through (`elsewhere.tolerance` says what). *only_authorities* says that all certificates that it
    covers are CA certificates, so that it may be good for a year (BR 7.2). What is dated
    after *latest* was dated by a clock that was ahead, for certain; None where nothing vouches for that.
    """

    issuer: Issuer
    parameters: CrlParameters
    moment: datetime
    covers_sequence: int
    longest_validity: timedelta | None
    recorded: PublishedCrl | None
    public: PublicCrl | None
    base: PublishedCrl | None = None
    keeps_expired: bool = False
    is_foreign: bool = False
    only_authorities: bool = False
    latest: datetime | None = None

    @property
    def certificate(self) -> x509.Certificate:
        """The CA's certificate that it is signed under: the newest one that is valid when it is issued."""
        return self.issuer.certificate_at(self.moment)

    @property
    def scope(self) -> Scope:
        """What the CRL covers."""
        return self.parameters.scope

    @property
    def number(self) -> int:
        """The CRLNumber of the CRL."""
        return self.parameters.number

    @property
    def expired_before(self) -> datetime | None:
        """Certificates that expired before this have been listed once beyond their validity; None when none have.

        Both the recorded and the public CRL must say so: to who only sees an older one that was put back, an entry
        that is on it would vanish too early (RFC 5280 section 3.3).
        """
        if self.recorded is None or self.keeps_expired:
            return None
        earlier = [self.recorded.this_update] + ([] if self.public is None else [self.public.this_update])
        # One that was dated ahead listed nothing beyond its validity that ends only after this CRL.
        return min(self.parameters.this_update if self.is_ahead(each) else each for each in earlier)

    @property
    def listed_through(self) -> int:
        """The journal's sequence up to which expired certificates have been listed once beyond their validity."""
        if self.recorded is None:
            return 0
        if self.public is None:
            return self.recorded.covers_sequence
        return min(self.recorded.covers_sequence, self.public.covers or 0)

    def is_ahead(self, this_update: datetime) -> bool:
        """Whether a CRL with this thisUpdate was dated by a clock that was ahead, so that none need follow it."""
        return self.latest is not None and this_update > self.latest

    @property
    def after(self) -> int:
        """What a delta's base covers: only later rows are listed. 0 for a complete CRL."""
        return 0 if self.base is None else self.base.covers_sequence

    @property
    def selection(self) -> Selection:
        """Which of the stored entries it lists."""
        return Selection(
            issuer_id=self.issuer.id,
            scope=self.scope,
            covers=self.covers_sequence,
            expired_before=self.expired_before,
            listed_through=self.listed_through,
            after=None if self.base is None else self.base.covers_sequence,
        )


def parameters_of(plan: Plan) -> dict[str, object]:
    """What the audit says of a plan."""
    said = plan.parameters
    return {
        "issuer": plan.issuer.name,
        "scope": plan.scope.name,
        "number": plan.number,
        **({} if said.base_number is None else {"base_number": said.base_number}),
        "this_update": iso(said.this_update),
        "next_update": iso(said.next_update),
        "covers_sequence": plan.covers_sequence,
    }
