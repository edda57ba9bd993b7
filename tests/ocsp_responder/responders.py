"""Responders in this process: for some issuers and from some source, with the usual settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from keys.identity import SigningIdentity
from ocsp_responder.answering.answerer import Answerer
from ocsp_responder.config import OcspSettings
from ocsp_responder.request.signature import Requestors
from ocsp_responder.signing.response import AnswerSigner
from ocsp_responder.status import Good, Revoked, Status, StatusReading, StatusSource
from pki_revocation.host.outage_log import OutageLog
from pki_revocation.model import Issuer
from tests.fakes import FakeClock

VALIDITY = timedelta(hours=24)
MAX_AGE = timedelta(minutes=5)
SETTINGS = OcspSettings(validity=VALIDITY, max_age=MAX_AGE)
YEAR = timedelta(days=365)


class AllGood:
    """A source that knows every serial, and moves the clock while it looks."""

    def __init__(self, clock: FakeClock, length: timedelta = timedelta()) -> None:
        """Each look-up takes *length*; every certificate ends a year after now."""
        self._clock, self._length = clock, length
        self._status = Good(clock.now() + YEAR)

    def read(self, issuer_id: int, serials: Sequence[int]) -> StatusReading:  # noqa: ARG002 - the port's
        """Good, every one, as of the moment in which the look-up began."""
        moment = self._clock.now()
        self._clock.advance(self._length)
        return StatusReading(moment=moment, statuses=(self._status,) * len(serials), sequence=0, issuer_revoked=None)


@dataclass(frozen=True, kw_only=True)
class Always:
    """A source that has the same to say of every serial."""

    clock: FakeClock
    status: Status
    sequence: int = 7
    issuer_revoked: Revoked | None = None

    def read(self, issuer_id: int, serials: Sequence[int]) -> StatusReading:  # noqa: ARG002 - the port's
        """It, as of now."""
        return StatusReading(
            moment=self.clock.now(),
            statuses=(self.status,) * len(serials),
            sequence=self.sequence,
            issuer_revoked=self.issuer_revoked,
        )


def responder(
    signers: dict[Issuer, SigningIdentity],
    source: StatusSource,
    *,
    settings: OcspSettings = SETTINGS,
    requestors: Requestors | None = None,
    outages: OutageLog | None = None,
) -> Answerer:
    """A responder for some issuers."""
    return Answerer(
        signers={issuer: AnswerSigner(identity, issuer) for issuer, identity in signers.items()},
        source=source,
        settings=settings,
        requestors=requestors,
        outages=outages,
    )
