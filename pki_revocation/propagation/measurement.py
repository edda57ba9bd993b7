"""What relying parties see of a revocation now, as measured: responders' own reports, published CRLs, and what is old.

Nothing here is promised. How far the responders are is what they last said; until when a relying party may still hold
an answer or a CRL from before is computed from the longest that was ever given out (RFC 6960 section 2.4, RFC 5280
section 5.1.2.5).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from pki_revocation.database.schema import crls
from pki_revocation.model import Confirmation

from .crl_coverage import CrlCoverage, crl_coverage
from .responders import live_responders

# A report of later says only that the responder got there some time before: no time worth giving.
_WORTH_SAYING = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Propagation:
    """What was seen at *measured_at*.

    *answering* of *responders* that are alive have applied the journal's row, all of them by *answering_since* (None
    where no time is known well enough). *answers_until* and *crls_until* are when the last OCSP answers and CRLs of
    before end; None where that is not known, or there are none.
    """

    measured_at: datetime
    responders: int
    answering: int
    answering_since: datetime | None
    crls: tuple[CrlCoverage, ...]
    answers_until: datetime | None
    crls_until: datetime | None

    @property
    def settled(self) -> bool:
        """Whether all live responders, one at least, have applied the row, and a CRL of each kind lists it."""
        return 0 < self.responders == self.answering and all(crl.number is not None for crl in self.crls)


def measure_propagation(connection: Connection, confirmation: Confirmation, now: datetime) -> Propagation:
    """Measure, from the database alone, what relying parties see of a revocation.

    Args:
        connection: reads one state.
        confirmation: of a revocation, or of the reason that was added to it.
        now: a responder that has not reported for a while before it does not count.
    """
    entry = confirmation.entry
    alive = live_responders(connection, entry.issuer_id, now)
    answering = [each for each in alive if each.current and each.sequence >= entry.sequence]
    reached = [each.reached_at for each in answering if each.reached_at is not None]
    since = max(reached) if reached and len(reached) == len(answering) else None
    lasting = [each.answers_last for each in alive if each.answers_last is not None]
    return Propagation(
        measured_at=now,
        responders=len(alive),
        answering=len(answering),
        answering_since=None if since is None or since - entry.recorded_at > _WORTH_SAYING else since,
        crls=crl_coverage(connection, entry),
        answers_until=confirmation.revoked_at + max(lasting) if lasting else None,
        crls_until=_last_end_of_older(connection, confirmation),
    )


def _last_end_of_older(connection: Connection, confirmation: Confirmation) -> datetime | None:
    """The latest nextUpdate of the CRLs that were published without the row, whatever their scope."""
    query = select(func.max(crls.c.next_update)).where(
        crls.c.issuer_id == confirmation.entry.issuer_id,
        crls.c.published_at.is_not(None),
        crls.c.covers_sequence < confirmation.entry.sequence,
    )
    found: datetime | None = connection.execute(query).scalar_one()
    return found
