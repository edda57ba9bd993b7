"""The guard: wrong codes bind their source, and nobody else."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.codes import CodeScheme, CodeVerifier, Pepper, new_code
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import (
    attempt_episodes,
    attempt_failures,
    attempt_minutes,
    audit,
    mail_outbox,
    personal_details,
)
from pki_revocation.errors import NotRecognised, StoreError, TooManyAttempts
from pki_revocation.model import Channel
from pki_revocation.numbers import number_at
from pki_revocation.rate_limiting.client_address import ClientAddress
from pki_revocation.rate_limiting.failure_store import AUDITED_INDIVIDUALLY, FailureStore
from pki_revocation.rate_limiting.limiter import RateLimiter
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.subscribers import Subscriber

HERE, THERE = ClientAddress.of("192.0.2.7"), ClientAddress.of("198.51.100.9")
UNKNOWN = number_at(987_654)
LIMITS = LimitSettings(
    per_number=3, per_source=6, per_source_when_busy=2, overall_per_minute=20, alarm_after=4, most_rows=10_000
)


@pytest.fixture(scope="session")
def verifier() -> CodeVerifier:
    """Keyed hashes: these tests are about how often, not about how dear."""
    return CodeVerifier(Pepper.generate(), CodeScheme.KEYED_HASH)


@pytest.fixture
def guarded(
    database: Database, clock: FakeClock, verifier: CodeVerifier
) -> Callable[[LimitSettings], RevocationService]:
    """Makes a service as one worker has it, with limits of the test's own."""

    def make(limits: LimitSettings) -> RevocationService:
        trail = AuditTrail(clock)
        limiter = RateLimiter(database=database, clock=clock, audit=trail, pepper=verifier.pepper, limits=limits)
        return RevocationService(database=database, clock=clock, audit=trail, verifier=verifier, limiter=limiter)

    return make


@pytest.fixture
def service(guarded: Callable[[LimitSettings], RevocationService]) -> RevocationService:
    """With limits that a test reaches soon."""
    return guarded(LIMITS)


def fail(service: RevocationService, number: str, source: ClientAddress, times: int = 1) -> None:
    """Wrong codes that are looked at."""
    for _ in range(times):
        with pytest.raises(NotRecognised):
            service.authenticate(number, new_code(CodeScheme.KEYED_HASH), source, Channel.API)


def test_source_that_fails_too_often_at_one_number_is_turned_away_there(
    service: RevocationService, subscriber: Subscriber
) -> None:
    """Before anything is looked at, for known and unknown numbers alike, and with when to come again."""
    waits = []
    for number in (subscriber.number, UNKNOWN):
        fail(service, number, HERE, LIMITS.per_number)
        with pytest.raises(TooManyAttempts) as refused:
            service.authenticate(number, subscriber.code, HERE, Channel.API)
        waits.append((refused.value.retry_after, str(refused.value)))

    assert waits[0] == waits[1]
    assert 0 < waits[0][0] <= LIMITS.window.total_seconds()


def test_right_code_is_never_refused_for_what_others_do(service: RevocationService, subscriber: Subscriber) -> None:
    """Whatever was tried at the number from elsewhere: no number is locked."""
    for place in range(12):
        fail(service, subscriber.number, ClientAddress.of(f"203.0.113.{place}"), 2)

    service.authenticate(subscriber.number, subscriber.code, HERE, Channel.API)


def test_who_erred_is_served_during_a_flood_of_others(service: RevocationService, subscriber: Subscriber) -> None:
    """The failures of all together tighten a source's limit, and never below what people need."""
    fail(service, subscriber.number, HERE)
    for place in range(LIMITS.overall_per_minute):
        fail(service, number_at(5000 + place), ClientAddress.of(f"203.0.113.{place}"))

    service.authenticate(subscriber.number, subscriber.code, HERE, Channel.API)


def test_in_a_flood_the_limit_of_a_source_is_tighter(service: RevocationService) -> None:
    """And is the usual one again a while after."""
    fail(service, number_at(1), HERE)
    fail(service, number_at(2), HERE)
    for place in range(LIMITS.overall_per_minute):
        fail(service, number_at(5000 + place), ClientAddress.of(f"203.0.113.{place}"))

    with pytest.raises(TooManyAttempts) as refused:
        service.authenticate(UNKNOWN, new_code(CodeScheme.KEYED_HASH), HERE, Channel.API)

    assert refused.value.retry_after == 60


def test_flood_passes(service: RevocationService, clock: FakeClock) -> None:
    """Two minutes without a rush, and the usual limit holds."""
    fail(service, number_at(1), HERE)
    fail(service, number_at(2), HERE)
    for place in range(LIMITS.overall_per_minute):
        fail(service, number_at(5000 + place), ClientAddress.of(f"203.0.113.{place}"))
    clock.advance(timedelta(minutes=2))

    fail(service, UNKNOWN, HERE)


def test_source_is_turned_away_for_all_it_does(service: RevocationService, subscriber: Subscriber) -> None:
    """Also where it has not failed yet; the neighbours of its /64 with it, other networks not."""
    first, neighbour = ClientAddress.of("2001:db8::1"), ClientAddress.of("2001:db8::ffff:1")
    for place in range(LIMITS.per_source):
        fail(service, number_at(place), first)

    with pytest.raises(TooManyAttempts):
        service.authenticate(subscriber.number, subscriber.code, neighbour, Channel.API)
    service.authenticate(subscriber.number, subscriber.code, ClientAddress.of("2001:db8:0:1::1"), Channel.API)


def test_limits_pass_with_time(service: RevocationService, subscriber: Subscriber, clock: FakeClock) -> None:
    """After as many seconds as Retry-After said."""
    fail(service, subscriber.number, HERE, LIMITS.per_number)
    with pytest.raises(TooManyAttempts) as refused:
        service.authenticate(subscriber.number, subscriber.code, HERE, Channel.API)
    clock.advance(timedelta(seconds=refused.value.retry_after))

    service.authenticate(subscriber.number, subscriber.code, HERE, Channel.API)


def test_successes_do_not_count(service: RevocationService, subscriber: Subscriber, database: Database) -> None:
    """A desk that revokes hundreds in a row is not slowed, and leaves nothing here."""
    for _ in range(3 * LIMITS.per_source):
        service.authenticate(subscriber.number, subscriber.code, HERE, Channel.API)

    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(attempt_failures)).scalar_one() == 0


def test_workers_share_what_failed(
    guarded: Callable[[LimitSettings], RevocationService], subscriber: Subscriber
) -> None:
    """Each process and each machine sees the failures of all others."""
    workers = [guarded(LIMITS) for _ in range(3)]
    for worker in workers:
        fail(worker, subscriber.number, HERE)

    for worker in workers:
        with pytest.raises(TooManyAttempts):
            worker.authenticate(subscriber.number, subscriber.code, HERE, Channel.API)


def test_nothing_is_hashed_for_who_is_turned_away(
    service: RevocationService, subscriber: Subscriber, verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is there to save the work."""
    fail(service, subscriber.number, HERE, LIMITS.per_number)
    worked = []
    monkeypatch.setattr(CodeVerifier, "check", lambda *_, **__: worked.append(True))

    with pytest.raises(TooManyAttempts):
        service.authenticate(subscriber.number, subscriber.code, HERE, Channel.API)

    assert not worked


def test_failures_at_a_number_tell_once_for_each_episode(
    service: RevocationService, subscriber: Subscriber, database: Database, clock: FakeClock
) -> None:
    """Not for each attempt; again when there was a quiet day between."""
    for place in range(10):
        fail(service, subscriber.number, ClientAddress.of(f"203.0.113.{place}"))
    assert told(database) == [("failures", subscriber.number)]
    clock.advance(LIMITS.episode - timedelta(minutes=1))
    for place in range(10):
        fail(service, subscriber.number, ClientAddress.of(f"203.0.113.{place}"))
    assert len(told(database)) == 1

    clock.advance(LIMITS.episode + timedelta(minutes=1))
    for place in range(10):
        fail(service, subscriber.number, ClientAddress.of(f"203.0.113.{place}"))

    assert len(told(database)) == 2


def test_unknown_numbers_leave_the_same_rows(
    service: RevocationService, database: Database, subscriber: Subscriber
) -> None:
    """Whether a number exists cannot be told from what is written, and so not from how long that takes."""
    for number in (subscriber.number, UNKNOWN):
        for place in range(LIMITS.alarm_after):
            fail(service, number, ClientAddress.of(f"203.0.113.{place}"))
        assert told(database)[-1] == ("failures", number)

    with database.read() as connection:
        episodes = connection.execute(select(func.count()).select_from(attempt_episodes)).scalar_one()
    assert episodes == 2


def test_neither_addresses_nor_numbers_stand_among_the_counters(service: RevocationService, database: Database) -> None:
    """Digests under a key that is not in the database, of sixteen octets each."""
    fail(service, UNKNOWN, HERE)

    with database.read() as connection:
        rows = connection.execute(select(attempt_failures)).all()
    assert len(rows) == 4
    assert all(len(row.subject) == 16 for row in rows)
    assert UNKNOWN not in str(rows)
    assert HERE.network not in str(rows)


def test_counters_expire(service: RevocationService, database: Database, clock: FakeClock) -> None:
    """What counts no more goes soon after a later minute's first failure."""
    fail(service, UNKNOWN, HERE)
    clock.advance(LIMITS.window + LIMITS.episode + timedelta(minutes=2))
    fail(service, number_at(3), THERE)
    service._limiter.flush()  # noqa: SLF001 - what its own thread does within a second

    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(attempt_failures)).scalar_one() == 4


def test_counters_are_bounded(database: Database, clock: FakeClock, verifier: CodeVerifier) -> None:
    """Beyond so many rows the oldest go, however many numbers that do not exist are tried."""
    trail = AuditTrail(clock)
    few = LimitSettings(most_rows=10_000)
    object.__setattr__(few, "most_rows", 20)  # far below what the configuration allows, for speed
    limiter = RateLimiter(database=database, clock=clock, audit=trail, pepper=verifier.pepper, limits=few)
    service = RevocationService(database=database, clock=clock, audit=trail, verifier=verifier, limiter=limiter)
    for minute in range(4):
        for place in range(6):
            fail(service, number_at(100 * minute + place), ClientAddress.of(f"203.0.113.{place}"))
        clock.advance(timedelta(minutes=1))
        limiter.flush()

    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(attempt_failures)).scalar_one() <= 20


def test_each_attempt_is_audited_with_its_source_beside_the_chain(
    service: RevocationService, subscriber: Subscriber, database: Database
) -> None:
    """Time and channel in the chain, address and number where they can be erased, the code nowhere."""
    fail(service, subscriber.number, HERE)

    with database.read() as connection:
        (record,) = connection.execute(select(audit).where(audit.c.event == "attempt.failed")).all()
        (personal,) = connection.execute(
            select(personal_details.c.detail).where(personal_details.c.audit_sequence == record.sequence)
        ).scalars()
        verify_chain(connection)
    assert json.loads(record.detail) == {"channel": "api"}
    assert json.loads(personal) == {"address": HERE.address, "number": subscriber.number}


def test_success_is_audited_with_its_source(
    service: RevocationService, subscriber: Subscriber, database: Database
) -> None:
    """In the transaction of the revocation."""
    authenticated = service.authenticate(subscriber.number, subscriber.code, HERE, Channel.API)
    revocation_request = RevocationRequest(
        reason=RevocationReason.UNSPECIFIED, channel=Channel.API, source={"address": HERE.address}
    )
    service.revoke(authenticated, revocation_request)

    with database.read() as connection:
        (record,) = connection.execute(select(audit).where(audit.c.event == "revocation.made")).all()
        personal = connection.execute(
            select(personal_details.c.detail).where(personal_details.c.audit_sequence == record.sequence)
        ).scalar_one()
    assert HERE.address in personal


def test_flood_is_counted_by_source_and_minute(
    guarded: Callable[[LimitSettings], RevocationService], database: Database, clock: FakeClock
) -> None:
    """After the first few, one audit record says how many more there were in that minute."""
    service = guarded(LimitSettings(per_source=500))
    for place in range(AUDITED_INDIVIDUALLY + 7):
        fail(service, number_at(place), HERE)
    assert len(audited(database, "attempt.failed")) == AUDITED_INDIVIDUALLY
    clock.advance(timedelta(minutes=2))
    service._limiter.flush()  # noqa: SLF001 - what its own thread does within a second

    (counted,) = audited(database, "attempts.counted")
    assert counted["failed"] == 7
    with database.read() as connection:
        verify_chain(connection)


def test_who_is_turned_away_is_counted_and_audited(
    database: Database, clock: FakeClock, verifier: CodeVerifier, subscriber: Subscriber
) -> None:
    """All of them, in one record for the minute."""
    trail = AuditTrail(clock)
    limiter = RateLimiter(database=database, clock=clock, audit=trail, pepper=verifier.pepper, limits=LIMITS)
    service = RevocationService(database=database, clock=clock, audit=trail, verifier=verifier, limiter=limiter)
    fail(service, subscriber.number, HERE, LIMITS.per_number)
    for _ in range(25):
        with pytest.raises(TooManyAttempts):
            service.authenticate(subscriber.number, subscriber.code, HERE, Channel.API)
    limiter.flush()
    with database.read() as connection:
        row = connection.execute(select(attempt_minutes)).one()
    assert (row.address, row.failed, row.refused) == (HERE.network, 0, 25)

    clock.advance(timedelta(minutes=2))
    with database.write() as connection:
        FailureStore(database=database, audit=trail, limits=LIMITS).audit_minutes(connection, clock.now())

    (counted,) = audited(database, "attempts.counted")
    assert counted["refused"] == 25


def test_failure_that_cannot_be_counted_is_not_answered(
    service: RevocationService, subscriber: Subscriber, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise guessing would be free while the database takes no writes."""

    def broken() -> None:
        raise StoreError("The database does not answer.")

    monkeypatch.setattr(database, "write", broken)
    with pytest.raises(StoreError):
        service.authenticate(subscriber.number, new_code(CodeScheme.KEYED_HASH), HERE, Channel.API)


def told(database: Database) -> list[tuple[str, str]]:
    """What the outbox holds."""
    with database.read() as connection:
        rows = connection.execute(select(mail_outbox.c.kind, mail_outbox.c.number).order_by(mail_outbox.c.id))
        return [(row.kind, row.number) for row in rows]


def audited(database: Database, event: str) -> list[dict[str, object]]:
    """The details of all records of one event."""
    with database.read() as connection:
        return [
            json.loads(text)
            for text in connection.execute(select(audit.c.detail).where(audit.c.event == event)).scalars()
        ]


def test_flood_of_refusals_costs_the_database_nothing(
    service: RevocationService, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was turned away a moment ago is turned away without a look at it, and others are looked at."""
    fail(service, UNKNOWN, HERE, LIMITS.per_number)
    with pytest.raises(TooManyAttempts):
        service.authenticate(UNKNOWN, new_code(CodeScheme.KEYED_HASH), HERE, Channel.API)

    def broken() -> None:
        raise StoreError("The database does not answer.")

    monkeypatch.setattr(database, "read", broken)
    with pytest.raises(TooManyAttempts):
        service.authenticate(UNKNOWN, new_code(CodeScheme.KEYED_HASH), HERE, Channel.API)
    with pytest.raises(StoreError):
        service.authenticate(UNKNOWN, new_code(CodeScheme.KEYED_HASH), THERE, Channel.API)
