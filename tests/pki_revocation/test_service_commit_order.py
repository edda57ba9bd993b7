"""The revocation service stopped between dating a revocation and committing it, and asked what it says of itself.

Nobody plays the service here: `RevocationService` itself is at work in another thread, and waits where a test holds it.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.codes import CodeVerifier, new_code
from pki_revocation.database.engine import Database
from pki_revocation.errors import NotRecognised
from pki_revocation.model import Channel, Confirmation, Issuer, JournalEntry
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.live_codes import store_codes
from pki_revocation.service import RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.postgresql_waits import wait_until_somebody_waits
from tests.subscribers import Subscriber

REVOCATION_REQUEST = RevocationRequest(reason=RevocationReason.UNSPECIFIED, channel=Channel.API)
# For what must not happen: as long as somebody would need for it many times over.
A_WHILE = 0.3


class StoppingTrail(AuditTrail):
    """Records as ever, and then stands still until it is let go: the moment is chosen, and nothing is committed."""

    def __init__(self, clock: FakeClock) -> None:
        """Nobody has come here yet."""
        super().__init__(clock)
        self.reached, self.let_go = threading.Event(), threading.Event()

    def record(
        self,
        connection: Connection,
        event: str,
        detail: Mapping[str, object],
        *,
        personal: Mapping[str, str] | None = None,
    ) -> int:
        """Append, and wait."""
        number = super().record(connection, event, detail, personal=personal)
        self.reached.set()
        assert self.let_go.wait(20)
        return number


class NotingClock:
    """Says when somebody takes a moment from it."""

    def __init__(self, clock: FakeClock) -> None:
        """The same time as the other clock's."""
        self._clock = clock
        self.asked = threading.Event()

    def now(self) -> datetime:
        """The other clock's present."""
        self.asked.set()
        return self._clock.now()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that have ended when the test has."""
    with ThreadPoolExecutor(4) as threads:
        yield threads


@pytest.fixture
def stopping(clock: FakeClock) -> Iterator[StoppingTrail]:
    """Let go in the end, whatever happened."""
    trail = StoppingTrail(clock)
    yield trail
    trail.let_go.set()


@pytest.mark.parametrize("way", ["subscriber", "operator"])
def test_nothing_is_dated_between_a_revocations_moment_and_its_commit(
    way: str,
    service: RevocationService,
    subscriber: Subscriber,
    issuer: Issuer,
    database: Database,
    clock: FakeClock,
    verifier: CodeVerifier,
    stopping: StoppingTrail,
    pool: ThreadPoolExecutor,
) -> None:
    """Whoever dates an answer meanwhile waits, and then reads the revocation: none is dated after it and omits it."""
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    slow = RevocationService(database=database, clock=clock, audit=stopping, verifier=verifier)
    revoke: Callable[[], Confirmation] = {
        "subscriber": lambda: slow.revoke(authenticated, REVOCATION_REQUEST),
        "operator": lambda: slow.revoke_for_operator(None, subscriber.certificate.serial, REVOCATION_REQUEST),
    }[way]
    noting = NotingClock(clock)

    def answer() -> tuple[datetime, JournalEntry | None]:
        with database.read_dated(noting, issuer.id) as (connection, moment):
            return moment, journal.latest_entry(connection, issuer.id, subscriber.certificate.serial)

    revoking: Future[Confirmation] = pool.submit(revoke)
    assert stopping.reached.wait(10)
    clock.advance(timedelta(seconds=1))
    answering = pool.submit(answer)
    assert not noting.asked.wait(A_WHILE)
    stopping.let_go.set()
    confirmation = revoking.result(10)
    moment, seen = answering.result(10)

    assert confirmation.revoked_at < moment
    assert seen == confirmation.entry


def test_code_that_is_replaced_while_its_revocation_waits_is_refused(
    service: RevocationService,
    subscriber: Subscriber,
    issuer: Issuer,
    postgresql_only: Database,
    clock: FakeClock,
    verifier: CodeVerifier,
    pool: ThreadPoolExecutor,
) -> None:
    """The code was right when the revocation began, and another writer replaces it while that waits for the head.

    SQLite has one writer at a time, and so nothing between the first look and the lock.
    """
    authenticated = service.authenticate(subscriber.number, subscriber.code)
    stored = verifier.store(number=subscriber.number, code=new_code(verifier.scheme))
    with postgresql_only.write() as connection:
        journal.lock_head(connection, issuer.id)
        revoking = pool.submit(service.revoke, authenticated, REVOCATION_REQUEST)
        wait_until_somebody_waits(postgresql_only)
        store_codes(connection, [(subscriber.certificate.id, stored)], pepper_id=verifier.pepper.id, clock=clock)

    with pytest.raises(NotRecognised):
        revoking.result(10)
    assert service.status(None, subscriber.certificate.serial).entry is None
