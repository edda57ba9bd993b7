"""Schedules by a few words, and timelines of them."""

from datetime import UTC, datetime, timedelta

from crl_publisher.scheduling.coverage import PublicValidity
from crl_publisher.scheduling.document import changed
from crl_publisher.scheduling.schedule import Schedule
from crl_publisher.scheduling.timeline import Timeline, Version

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def of(*changes: str) -> Schedule:
    """The default schedule with some values changed."""
    return changed(Schedule(), changes)


def timeline(*versions: tuple[datetime, Schedule] | Schedule) -> Timeline:
    """Versions in order; one without a time begins now."""
    pairs = [each if isinstance(each, tuple) else (NOW, each) for each in versions]
    return Timeline(
        "issuing",
        tuple(
            Version(number=place, effective_from=at, schedule=schedule)
            for place, (at, schedule) in enumerate(pairs, start=1)
        ),
    )


def validity_of(schedule: Schedule, at: datetime) -> PublicValidity:
    """The CRL that a schedule made at that moment."""
    this_update = at - schedule.backdate
    return PublicValidity(published_at=at, this_update=this_update, next_update=schedule.next_update(this_update))
