"""A service with limits of a test's own, and wrong codes for it."""

from collections.abc import Iterable

import pytest

from pki_revocation.audit import AuditTrail
from pki_revocation.codes import CodeScheme, CodeVerifier, Pepper, new_code
from pki_revocation.database.engine import Database
from pki_revocation.errors import NotRecognised
from pki_revocation.model import Channel
from pki_revocation.rate_limiting.client_address import ClientAddress
from pki_revocation.rate_limiting.limiter import RateLimiter
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.service import RevocationService
from tests.fakes import FakeClock

HERE, THERE = ClientAddress.of("192.0.2.7"), ClientAddress.of("198.51.100.9")


def guarded(database: Database, clock: FakeClock, limits: LimitSettings) -> tuple[RevocationService, RateLimiter]:
    """As one worker has them; keyed hashes, because no test here is about how dear a code is."""
    verifier = CodeVerifier(Pepper.generate(), CodeScheme.KEYED_HASH)
    trail = AuditTrail(clock)
    limiter = RateLimiter(database=database, clock=clock, audit=trail, pepper=verifier.pepper, limits=limits)
    service = RevocationService(database=database, clock=clock, audit=trail, verifier=verifier, limiter=limiter)
    return service, limiter


def fail(
    service: RevocationService, number: str, sources: ClientAddress | Iterable[ClientAddress] = HERE, times: int = 1
) -> None:
    """Wrong codes that are looked at: so many times from each source."""
    for source in [sources] if isinstance(sources, ClientAddress) else sources:
        for _ in range(times):
            with pytest.raises(NotRecognised):
                service.authenticate(number, new_code(CodeScheme.KEYED_HASH), source, Channel.API)


def crowd(count: int) -> list[ClientAddress]:
    """Different sources."""
    return [ClientAddress.of(f"203.0.113.{place}") for place in range(count)]
