"""Responders in this process: for some issuers and from some source, with the usual settings."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from keys.identity import SigningIdentity
from ocsp_responder.answering import Answerer
from ocsp_responder.response import AnswerSigner
from ocsp_responder.status import Good, Status, StatusSource
from pki_revocation.model import Issuer
from tests.fakes import FakeClock

VALIDITY = timedelta(hours=24)
MAX_AGE = timedelta(minutes=5)


class AllGood:
    """A source that knows every serial, and moves the clock while it looks."""

    def __init__(self, clock: FakeClock, length: timedelta = timedelta()) -> None:
        """Each look-up takes *length*."""
        self._clock, self._length = clock, length

    def statuses(self, issuer_id: int, serials: Sequence[int]) -> tuple[datetime, tuple[Status, ...]]:  # noqa: ARG002 - the port's
        """Good, every one, as of the moment in which the look-up began."""
        moment = self._clock.now()
        self._clock.advance(self._length)
        return moment, tuple(Good() for _ in serials)


def responder(signers: dict[Issuer, SigningIdentity], source: StatusSource) -> Answerer:
    """A responder for some issuers."""
    return Answerer(
        signers={issuer: AnswerSigner(identity, issuer) for issuer, identity in signers.items()},
        source=source,
        validity=VALIDITY,
        max_cert_ids=100,
    )
