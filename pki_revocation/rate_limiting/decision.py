"""The decision on an attempt: whether number and code are checked now, and when the source may try again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pki_revocation.errors import QuotaLeft

from .bucket_keys import BucketKeys
from .settings import LimitSettings

MINUTE = timedelta(minutes=1)
# The names of the limits, as clients are told them.
PER_SOURCE = "wrong-codes"
PER_NUMBER = "wrong-codes-per-number"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCount:
    """Failures counted under one key in one minute."""

    subject: bytes
    minute: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """*retry_after* is in seconds, None for an attempt that is let in; *is_clean*: its source has not failed lately.

    *denied_key* is the key that is over its limit: the source's, or that of its pair with the number. *attempts_left*
    is how many may fail before the next one has to wait.
    """

    is_clean: bool
    retry_after: int | None
    denied_key: bytes
    attempts_left: int = field(default=0, compare=False)


def decide(found: Iterable[FailureCount], keys: BucketKeys, limits: LimitSettings, now: datetime) -> Decision:
    """Apply the limits to the failures found; those of other sources never turn a client away by themselves.

    The failures of all together only tighten what a source may do that has failed itself.
    """
    rows = [each for each in found if each.minute > now - limits.window]
    is_busy = _is_busy(rows, keys, limits, now)
    per_source = _per_source(limits, is_busy=is_busy)
    of_source = [each for each in rows if each.subject == keys.source]
    of_number_and_source = [each for each in rows if each.subject == keys.number_and_source]
    waits = [
        _until_below(of_source, per_source, limits.window, now),
        _until_below(of_number_and_source, limits.per_number, limits.window, now),
    ]
    if is_busy and waits[0] and not _until_below(of_source, limits.per_source, limits.window, now):
        # Only the rush holds it up: in a minute there may be none.
        waits[0] = int(MINUTE.total_seconds())
    longest = max(waits)
    denied_key = keys.source if waits[0] == longest else keys.number_and_source
    left = min(per_source - _total(of_source), limits.per_number - _total(of_number_and_source))
    return Decision(
        is_clean=not of_source, retry_after=longest or None, denied_key=denied_key, attempts_left=max(0, left)
    )


def _total(rows: list[FailureCount]) -> int:
    return sum(each.count for each in rows)


def quota_left(found: Iterable[FailureCount], keys: BucketKeys, limits: LimitSettings, now: datetime) -> QuotaLeft:
    """What the limits still take from a source that has just failed: by the one of them that it reaches first.

    Of one that is as near as the other, the number's is told: it says nothing of what else the source tried. Where
    both are reached, it is the one that holds up longer.
    """
    rows = [each for each in found if each.minute > now - limits.window]
    per_source = _per_source(limits, is_busy=_is_busy(rows, keys, limits, now))
    told = []
    for name, subject, limit in (
        (PER_NUMBER, keys.number_and_source, limits.per_number),
        (PER_SOURCE, keys.source, per_source),
    ):
        own = [each for each in rows if each.subject == subject]
        failed = sum(each.count for each in own)
        # None at all are left where the oldest rows made room for others.
        seconds = _until_below(own, min(failed, limit), limits.window, now) if own else 0
        told.append(QuotaLeft(limit=name, count=max(0, limit - failed), seconds=seconds))
    return min(told, key=lambda each: (each.count, 0 if each.count else -each.seconds))


def _is_busy(rows: list[FailureCount], keys: BucketKeys, limits: LimitSettings, now: datetime) -> bool:
    # The last minute too: otherwise the rush would seem over at each full minute.
    lately = [each.count for each in rows if each.subject == keys.overall and each.minute > now - 2 * MINUTE]
    return max(lately, default=0) >= limits.overall_per_minute


def _per_source(limits: LimitSettings, *, is_busy: bool) -> int:
    return min(limits.per_source, limits.per_source_when_busy) if is_busy else limits.per_source


def _until_below(rows: list[FailureCount], limit: int, window: timedelta, now: datetime) -> int:
    """Seconds until fewer than *limit* failures are younger than *window*; 0 when that is so already."""
    left = _total(rows)
    if left < limit:
        return 0
    for each in sorted(rows, key=lambda row: row.minute):
        left -= each.count
        if left < limit:
            return max(1, int((each.minute + window - now).total_seconds()))
    raise AssertionError("without any failure no source is over a limit")
