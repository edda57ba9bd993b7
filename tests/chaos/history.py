"""What clients asked for, were told and fetched, each with when it began and when it was there; many threads add to it.

Moments on this machine's clock serve for what an answer says; seconds that never go back, for what came before what.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A subscriber asked for a revocation; whether it came about is told by `Confirmed`, or not at all."""

    serial: int
    began: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A subscriber was told that the certificate is revoked, and since when."""

    serial: int
    revoked_at: datetime
    began: float
    ended: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """OCSP's answer about a certificate: 'good', 'revoked', 'unknown', or a refusal, which has no times."""

    serial: int
    status: str
    began: float
    ended: float
    received_at: datetime
    this_update: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A CRL as a relying party got it; *revoked_at* by serial."""

    number: int
    this_update: datetime
    revoked_at: dict[int, datetime]
    began: float
    ended: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A fault was over, and everything worked again so many seconds later; None if it did not."""

    fault: str
    seconds: float | None


@dataclass
class History:
    """Everything that was seen, in no order between the kinds."""

    asked: list[Asked] = field(default_factory=list)
    confirmed: list[Confirmed] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    fetched: list[Fetched] = field(default_factory=list)
    recovered: list[Recovered] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    def add(self, event: Asked | Confirmed | Answered | Fetched | Recovered) -> None:
        """Note one event."""
        # One append each, which no other thread can come between.
        match event:
            case Asked():
                self.asked.append(event)
            case Confirmed():
                self.confirmed.append(event)
            case Answered():
                self.answered.append(event)
            case Fetched():
                self.fetched.append(event)
            case Recovered():
                self.recovered.append(event)

    def complain(self, what: str) -> None:
        """Note what no client should get: an answer that cannot be read, a 500."""
        self.strange.append(what)
