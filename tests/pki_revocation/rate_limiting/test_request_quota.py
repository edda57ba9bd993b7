"""Requests of one source in a window, counted in memory, and how clients are told of limits."""

from datetime import UTC, datetime, timedelta

import pytest

from pki_revocation.errors import NotRecognised, QuotaLeft, TooManyRequests
from pki_revocation.rate_limiting import request_quota
from pki_revocation.rate_limiting.client_address import ClientAddress
from pki_revocation.rate_limiting.quota_fields import limit_field, policies_of, policy_field
from pki_revocation.rate_limiting.request_quota import QuotaPolicy, RequestQuota
from pki_revocation.rate_limiting.settings import LimitSettings
from tests.fakes import FakeClock

POLICY = QuotaPolicy(name="looks", quota=3, window=timedelta(seconds=10))
HERE, THERE = ClientAddress.of("192.0.2.1"), ClientAddress.of("192.0.2.2")


@pytest.fixture
def clock() -> FakeClock:
    """A clock of its own."""
    return FakeClock(datetime(2026, 11, 23, 12, tzinfo=UTC))


def test_quota_of_a_window_is_used_up(clock: FakeClock) -> None:
    """Each request takes one; then none is left until the window that began with the first one is over."""
    quota = RequestQuota(POLICY, clock)
    counts = []
    for _ in range(3):
        counts.append(quota.take(HERE))
        clock.advance(timedelta(seconds=2))

    assert counts == [
        QuotaLeft(limit="looks", count=2, seconds=10),
        QuotaLeft(limit="looks", count=1, seconds=8),
        QuotaLeft(limit="looks", count=0, seconds=6),
    ]
    with pytest.raises(TooManyRequests) as refused:
        quota.take(HERE)
    assert (refused.value.retry_after, refused.value.limit) == (4, "looks")
    assert quota.take(THERE).count == 2
    clock.advance(timedelta(seconds=4))
    assert quota.take(HERE).count == 2


def test_network_of_an_ipv6_client_is_one_source(clock: FakeClock) -> None:
    """No client gets a new quota by using the next address of its /64."""
    quota = RequestQuota(POLICY, clock)
    left = [quota.take(ClientAddress.of(f"2001:db8::{place}")).count for place in range(3)]

    assert left == [2, 1, 0]


def test_clock_that_is_set_back_makes_no_longer_window(clock: FakeClock) -> None:
    """A new window begins."""
    quota = RequestQuota(POLICY, clock)
    for _ in range(3):
        quota.take(HERE)
    clock.advance(timedelta(hours=-1))

    assert quota.take(HERE).count == 2


def test_sources_beyond_the_most_make_room(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory has a bound: the source that was silent longest begins anew."""
    monkeypatch.setattr(request_quota, "MOST_SOURCES", 2)
    quota = RequestQuota(POLICY, clock)
    for source in (HERE, THERE, HERE, ClientAddress.of("192.0.2.3")):
        quota.take(source)

    assert quota.take(HERE).count == 0
    assert quota.take(THERE).count == 2


def test_fields_are_structured_field_lists() -> None:
    """As draft-ietf-httpapi-ratelimit-headers has them: names as strings, integers as parameters."""
    limits = LimitSettings(window=timedelta(minutes=10), per_number=4, per_source=40)

    assert policy_field(policies_of(limits)) == '"wrong-codes-per-number";q=4;w=600, "wrong-codes";q=40;w=600'
    assert limit_field(QuotaLeft(limit="wrong-codes", count=3, seconds=55)) == '"wrong-codes";r=3;t=55'


def test_refusal_of_a_code_says_what_is_left() -> None:
    """How many, and for how long to wait once there are none."""
    refusal = NotRecognised()
    counted = [(refusal.attempts_left, refusal.retry_after)]
    for count in (2, 0):
        refusal.quota_left = QuotaLeft(limit="wrong-codes", count=count, seconds=55)
        counted.append((refusal.attempts_left, refusal.retry_after))

    assert counted == [(None, None), (2, None), (0, 55)]
