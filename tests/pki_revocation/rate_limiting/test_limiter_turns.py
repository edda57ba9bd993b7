"""The guard's second look inside a turn, what it counts for operators, and when it tidies up."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic

import pytest
from prometheus_client import REGISTRY

from pki_revocation.codes import CodeScheme, CodeVerifier, new_code
from pki_revocation.database.engine import Database
from pki_revocation.errors import NotRecognised, TooManyAttempts
from pki_revocation.model import Channel
from pki_revocation.numbers import number_at
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.service import RevocationService
from tests.fakes import FakeClock
from tests.pki_revocation.rate_limiting.guarding import HERE, crowd, fail, guarded

NUMBER = number_at(77)
LIMITS = LimitSettings(per_number=3, alarm_after=3)


def refusal(service: RevocationService) -> type[Exception] | None:
    """What becomes of one more wrong code."""
    try:
        service.authenticate(NUMBER, new_code(CodeScheme.KEYED_HASH), HERE, Channel.API)
    except (NotRecognised, TooManyAttempts) as refused:
        return type(refused)
    return None


def test_many_requests_at_once_win_no_attempt(
    sqlite_database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waited for a turn is looked at again inside it: what failed meanwhile counts, and nothing is checked."""
    service, limiter = guarded(sqlite_database, clock, LIMITS)
    fail(service, NUMBER, HERE, 2)
    checking, go_on = threading.Event(), threading.Event()
    check, checked = CodeVerifier.check, []

    def slow(self: CodeVerifier, *, number: str, code: str, stored: str | None) -> bool:
        checked.append(code)
        checking.set()
        assert go_on.wait(20)
        return check(self, number=number, code=code, stored=stored)

    monkeypatch.setattr(CodeVerifier, "check", slow)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(refusal, service)
        assert checking.wait(10)
        others = [pool.submit(refusal, service) for _ in range(2)]
        until(lambda: len(limiter._queue._queue) == 2)  # noqa: SLF001 - both have had their first look
        go_on.set()
        assert first.result(10) is NotRecognised
        assert [each.result(10) for each in others] == [TooManyAttempts] * 2
    assert len(checked) == 1


def until(holds: Callable[[], bool]) -> None:
    """Wait for other threads to get somewhere."""
    end = monotonic() + 10
    while not holds():
        assert monotonic() < end
        threading.Event().wait(0.01)


def test_operators_see_each_of_them(sqlite_database: Database, clock: FakeClock) -> None:
    """Failures, refusals and alarms have a counter each."""
    names = (
        "pki_revocation_attempts_failed_total",
        "pki_revocation_attempts_denied_total",
        "pki_revocation_attempt_alarms_total",
    )
    before = [REGISTRY.get_sample_value(name) or 0.0 for name in names]
    service, _ = guarded(sqlite_database, clock, LIMITS)
    fail(service, NUMBER, HERE, 3)
    assert [refusal(service) for _ in range(2)] == [TooManyAttempts] * 2

    after = [REGISTRY.get_sample_value(name) or 0.0 for name in names]
    assert [later - earlier for earlier, later in zip(before, after, strict=True)] == [3.0, 2.0, 1.0]


def test_first_failure_of_a_minute_tidies_up(sqlite_database: Database, clock: FakeClock) -> None:
    """A second later, once for all of that minute; without failures nothing is due."""
    service, limiter = guarded(sqlite_database, clock, LimitSettings())
    pending = []
    for _ in range(2):
        for source in crowd(2):
            fail(service, NUMBER, source)
            pending.append(limiter._denial_counter._timer is not None)  # noqa: SLF001 - whether it is going to write
            limiter.flush()
        clock.advance(timedelta(minutes=1))

    assert pending == [True, False] * 2
