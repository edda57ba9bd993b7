"""What a CRL that is being issued follows: the version of the schedule that is in force."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .coverage import MAKING
from .schedule import Schedule
from .timeline import Timeline, Version


@dataclass(frozen=True, slots=True)
class InForce:
    """The version that an issuing CRL follows, among those that are known."""

    timeline: Timeline
    version: Version

    @property
    def schedule(self) -> Schedule:
        """The schedule itself."""
        return self.version.schedule

    @property
    def backdate(self) -> timedelta:
        """How long before the moment of issuing thisUpdate lies."""
        return self.schedule.backdate

    def next_update(self, this_update: datetime, *, delta: bool = False) -> datetime:
        """What a CRL of this date says."""
        return self.schedule.next_update(this_update, delta=delta)

    def latest_next_update(self, this_update: datetime) -> datetime | None:
        """The last nextUpdate that the profiles allow; None where they bound nothing."""
        return self.schedule.latest_next_update(this_update)

    def next_publication(self, after: datetime) -> datetime | None:
        """By when the next routine CRL behind *after* is public; None when none comes."""
        due = self.timeline.next_due(after)
        return None if due is None else due + MAKING
