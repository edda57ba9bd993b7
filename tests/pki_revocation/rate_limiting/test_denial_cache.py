"""Refusals that are remembered: for moments, and never for longer than was said."""

from datetime import UTC, datetime, timedelta

import pytest

from pki_revocation.rate_limiting import denial_cache
from pki_revocation.rate_limiting.denial_cache import DenialCache

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SOURCE, OTHER = b"source", b"other"


def after(seconds: float) -> datetime:
    """So long after the refusal."""
    return NOW + timedelta(seconds=seconds)


def test_it_is_remembered_for_who_was_refused() -> None:
    """With what is left of the time that was said."""
    refusals = DenialCache()
    refusals.remember(SOURCE, 60, NOW)
    assert refusals.retry_after((OTHER, SOURCE), after(2)) == 58
    assert refusals.retry_after((OTHER,), after(2)) is None


@pytest.mark.parametrize(("said", "forgotten"), [(60, 5), (2, 2)])
def test_it_is_forgotten_soon(said: int, forgotten: int) -> None:
    """Five seconds later the database is asked again, and whoever comes when told to is looked at."""
    refusals = DenialCache()
    refusals.remember(SOURCE, said, NOW)
    assert refusals.retry_after((SOURCE,), after(forgotten - 1)) == said - forgotten + 1
    assert refusals.retry_after((SOURCE,), after(forgotten)) is None


def test_clock_that_is_set_back_keeps_none() -> None:
    """Otherwise they would last for as long as it was ahead."""
    refusals = DenialCache()
    refusals.remember(SOURCE, 60, NOW)
    assert refusals.retry_after((SOURCE,), after(-3600)) is None


def test_so_many_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are over make room."""
    monkeypatch.setattr(denial_cache, "MOST", 2)
    refusals = DenialCache()
    for subject in (b"1", b"2", b"3"):
        refusals.remember(subject, 60, NOW)
    assert [refusals.retry_after((each,), NOW) for each in (b"1", b"2", b"3")] == [60, 60, None]
    refusals.remember(b"3", 60, after(5))
    assert refusals.retry_after((b"3",), after(5)) == 60
