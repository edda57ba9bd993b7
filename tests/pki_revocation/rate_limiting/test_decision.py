"""How a source stands, at the edges: the last second of a window, the last failure before a limit, a minute's turn."""

from datetime import UTC, datetime, timedelta

import pytest

from pki_revocation.audit import AuditTrail
from pki_revocation.codes import CodeScheme, CodeVerifier, Pepper, new_code
from pki_revocation.database.engine import Database
from pki_revocation.errors import NotRecognised, QuotaLeft, TooManyAttempts
from pki_revocation.model import Channel
from pki_revocation.numbers import number_at
from pki_revocation.rate_limiting.bucket_keys import BucketKeys
from pki_revocation.rate_limiting.client_address import ClientAddress
from pki_revocation.rate_limiting.decision import PER_NUMBER, PER_SOURCE, Decision, FailureCount, decide, quota_left
from pki_revocation.rate_limiting.limiter import RateLimiter
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.service import RevocationService
from tests.fakes import FakeClock

LIMITS = LimitSettings(
    window=timedelta(minutes=10), per_number=3, per_source=6, per_source_when_busy=2, overall_per_minute=20
)
KEYS = BucketKeys(source=b"source", number_and_source=b"pair", number=b"number", overall=b"everybody")
NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
CLEAN = Decision(is_clean=True, retry_after=None, denied_key=b"source")
FAILED = Decision(is_clean=False, retry_after=None, denied_key=b"source")


def failures(subject: bytes, minute: str, count: int) -> FailureCount:
    """So many in the minute that a clock shows as *minute*."""
    hour, minutes = map(int, minute.split(":"))
    return FailureCount(subject=subject, minute=NOW.replace(hour=hour, minute=minutes, second=0), count=count)


def source(minute: str, count: int) -> FailureCount:
    """Of the source."""
    return failures(b"source", minute, count)


def pair(minute: str, count: int) -> FailureCount:
    """Of the source at this number."""
    return failures(b"pair", minute, count)


def everybody(minute: str, count: int) -> FailureCount:
    """Of all sources together."""
    return failures(b"everybody", minute, count)


def waits(retry_after: int, refused: bytes = b"source", *, is_clean: bool = False) -> Decision:
    """Turned away."""
    return Decision(is_clean=is_clean, retry_after=retry_after, denied_key=refused)


CASES: dict[str, tuple[list[FailureCount], Decision]] = {
    "nothing failed": ([], CLEAN),
    "others failed": ([failures(b"stranger", "12:00", 99), failures(b"number", "12:00", 99)], CLEAN),
    "one below the limit of a source": ([source("11:59", 5)], FAILED),
    "the limit of a source": ([source("11:59", 6)], waits(510)),
    "one below the limit at a number": ([source("11:59", 2), pair("11:59", 2)], FAILED),
    "the limit at a number": ([source("11:59", 3), pair("11:59", 3)], waits(510, b"pair")),
    "both, and the source waits longer": ([source("11:59", 6), pair("11:55", 3)], waits(510)),
    "both, and the pair waits longer": ([source("11:55", 6), pair("11:59", 3)], waits(510, b"pair")),
    "both as long": ([source("11:59", 6), pair("11:59", 3)], waits(510)),
    "as the oldest leave the window": ([source("11:54", 4), source("11:52", 2)], waits(90)),
    "when enough have left it": (
        [source("11:54", 5), source("11:53", 1), source("11:52", 1)],
        waits(150),
    ),
    "what left the window": ([source("11:50", 6), pair("11:50", 3)], CLEAN),
    "a rush, and a source that did not fail": ([everybody("12:00", 20)], CLEAN),
    "a rush, and one that failed once": ([everybody("12:00", 20), source("12:00", 1)], FAILED),
    "a rush, and one that failed twice": ([everybody("12:00", 20), source("12:00", 2)], waits(60)),
    "no rush yet": ([everybody("12:00", 19), source("12:00", 2)], FAILED),
    "a rush of the minute before": ([everybody("11:59", 20), source("12:00", 2)], waits(60)),
    "a rush of the minute before that is subsiding": (
        [everybody("11:59", 20), everybody("12:00", 1), source("12:00", 2)],
        waits(60),
    ),
    "a rush that is over": ([everybody("11:58", 20), source("12:00", 2)], FAILED),
    "a rush, and one over its usual limit": ([everybody("12:00", 20), source("11:59", 6)], waits(510)),
    "a rush, and one over the limit at a number": (
        [everybody("12:00", 20), source("11:59", 3), pair("11:59", 3)],
        waits(510, b"pair"),
    ),
    "a rush is of all, and not of one": ([source("12:00", 5), pair("12:00", 2), failures(b"x", "12:00", 30)], FAILED),
}


@pytest.mark.parametrize("case", CASES)
def test_standing_follows_from_failures(case: str) -> None:
    """Whether it is looked at, when it may come again, and which of both limits says so."""
    found, expected = CASES[case]
    assert decide(found, KEYS, LIMITS, NOW) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([source("12:00", 1), pair("12:00", 1)], QuotaLeft(limit=PER_NUMBER, count=2, seconds=570)),
        ([source("12:00", 3), pair("12:00", 3)], QuotaLeft(limit=PER_NUMBER, count=0, seconds=570)),
        ([source("12:00", 4), pair("12:00", 1)], QuotaLeft(limit=PER_NUMBER, count=2, seconds=570)),
        ([source("12:00", 5), pair("12:00", 1)], QuotaLeft(limit=PER_SOURCE, count=1, seconds=570)),
        ([source("11:55", 1), source("12:00", 4), pair("12:00", 1)], QuotaLeft(limit=PER_SOURCE, count=1, seconds=270)),
        ([source("12:00", 9), pair("12:00", 1)], QuotaLeft(limit=PER_SOURCE, count=0, seconds=570)),
        (
            [source("11:55", 4), source("12:00", 6), pair("12:00", 1)],
            QuotaLeft(limit=PER_SOURCE, count=0, seconds=570),
        ),
        (
            [everybody("12:00", 20), source("12:00", 1), pair("12:00", 1)],
            QuotaLeft(limit=PER_SOURCE, count=1, seconds=570),
        ),
        ([source("11:50", 5), source("12:00", 1), pair("12:00", 1)], QuotaLeft(limit=PER_NUMBER, count=2, seconds=570)),
        ([source("11:59", 6), pair("11:55", 3)], QuotaLeft(limit=PER_SOURCE, count=0, seconds=510)),
        ([source("11:55", 6), pair("11:59", 3)], QuotaLeft(limit=PER_NUMBER, count=0, seconds=510)),
        ([pair("12:00", 3)], QuotaLeft(limit=PER_NUMBER, count=0, seconds=570)),
        ([], QuotaLeft(limit=PER_NUMBER, count=3, seconds=0)),
    ],
)
def test_what_is_left_is_that_of_the_nearest_limit(found: list[FailureCount], expected: QuotaLeft) -> None:
    """How many may fail more, and for how long it is no more than that."""
    assert quota_left(found, KEYS, LIMITS, NOW) == expected


@pytest.mark.parametrize(
    ("minute", "now", "expected"),
    [
        ("11:51", NOW.replace(second=59), waits(1)),
        ("11:50", NOW.replace(minute=0, second=0), CLEAN),
        ("11:50", NOW.replace(hour=11, minute=59, second=58), waits(2)),
    ],
)
def test_window_ends_to_the_second(minute: str, now: datetime, expected: Decision) -> None:
    """What is as old as the window counts no more, and a second before it does."""
    assert decide([source(minute, 6)], KEYS, LIMITS, now) == expected


def test_rush_ends_two_minutes_after_its_own_began() -> None:
    """To the second: its minute, and the one after."""
    rush = [everybody("11:58", 20), source("12:00", 2)]
    last = NOW.replace(hour=11, minute=59, second=59)
    assert decide(rush, KEYS, LIMITS, last) == waits(60)
    assert decide(rush, KEYS, LIMITS, last + timedelta(seconds=1)) == FAILED


def test_rush_of_one_source_is_none_of_all() -> None:
    """What one does alone tightens nothing, and neither does what one does at one number."""
    lavish = LimitSettings(per_source=100, per_number=100, per_source_when_busy=2, overall_per_minute=20)
    assert decide([source("12:00", 30), pair("12:00", 30)], KEYS, lavish, NOW) == FAILED


def test_rush_never_allows_more() -> None:
    """Where the configuration names a higher limit for it than the usual one, the usual one holds."""
    odd = LimitSettings(per_source=5, per_source_when_busy=10, overall_per_minute=20, window=timedelta(minutes=10))
    assert decide([everybody("12:00", 20), source("11:59", 5)], KEYS, odd, NOW) == waits(510)


def test_rush_is_not_over_at_each_full_minute(sqlite_database: Database, clock: FakeClock) -> None:
    """It goes on while the clock passes from one minute to the next: the service still turns away who fails in it."""
    verifier = CodeVerifier(Pepper.generate(), CodeScheme.KEYED_HASH)
    trail = AuditTrail(clock)
    limits = LimitSettings(per_source_when_busy=2, overall_per_minute=10)
    limiter = RateLimiter(database=sqlite_database, clock=clock, audit=trail, pepper=verifier.pepper, limits=limits)
    service = RevocationService(database=sqlite_database, clock=clock, audit=trail, verifier=verifier, limiter=limiter)
    here = ClientAddress.of("192.0.2.7")
    clock.advance(timedelta(seconds=59 - clock.now().second))
    for each in [here, here, *(ClientAddress.of(f"203.0.113.{place}") for place in range(10))]:
        with pytest.raises(NotRecognised):
            service.authenticate(number_at(1), new_code(verifier.scheme), each, Channel.API)

    clock.advance(timedelta(seconds=1))

    assert clock.now().second == 0
    with pytest.raises(TooManyAttempts) as refused:
        service.authenticate(number_at(2), new_code(verifier.scheme), here, Channel.API)
    assert refused.value.retry_after == 60


@pytest.mark.parametrize(
    ("found", "left"),
    [
        ([], 3),
        ([source("12:00", 1), pair("12:00", 1)], 2),
        ([source("12:00", 5), pair("12:00", 1)], 1),
        ([source("12:00", 3), pair("12:00", 3)], 0),
        ([source("12:00", 9)], 0),
        ([everybody("12:00", 20), source("12:00", 1), pair("12:00", 1)], 1),
        ([failures(b"number", "12:00", 99), source("11:49", 5), pair("11:49", 3)], 3),
    ],
)
def test_attempts_that_are_left_are_counted_as_the_limits_are(found: list[FailureCount], left: int) -> None:
    """The nearest limit counts, tightened in a rush; what left the window and what others did at the number do not."""
    assert decide(found, KEYS, LIMITS, NOW).attempts_left == left
