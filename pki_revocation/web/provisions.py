"""What the application is given beside its service: contact, closing times, and where proofs come from."""

from dataclasses import dataclass, field

from pki_revocation.config.settings import ContactSettings
from pki_revocation.proof.gathering import ProofDesk

from .availability import Availability


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisions:
    """Without *availability* the page is never closed, and without a *desk* there are no receipts to download."""

    contact: ContactSettings = field(default_factory=ContactSettings)
    availability: Availability | None = None
    desk: ProofDesk | None = None


NOTHING_ELSE = Provisions()
