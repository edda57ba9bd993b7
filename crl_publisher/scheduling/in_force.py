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
        """The schedule of the version that is in force."""
        return self.version.schedule

    @property
    def backdate(self) -> timedelta:
        """How long before the moment of issuing thisUpdate lies."""
        return self.schedule.backdate

    @property
    def longest_validity(self) -> timedelta:
        """The most that the profiles allow between thisUpdate and nextUpdate, the last second included."""
        return self.schedule.longest_validity

    @property
    def has_deltas(self) -> bool:
        """Whether complete CRLs have deltas."""
        return self.schedule.delta_period is not None

    @property
    def base_age(self) -> timedelta:
        """How long a complete CRL has been public before deltas refer to it: most caches have it, or a later one."""
        return self.schedule.base_age

    def next_update(self, this_update: datetime, *, delta: bool = False) -> datetime:
        """The nextUpdate of a CRL with this thisUpdate."""
        return self.schedule.next_update(this_update, delta=delta)

    def next_publication(self, moment: datetime) -> datetime:
        """By when the next routine CRL behind *moment* is public; where none comes, when the present one ends."""
        due = self.timeline.next_due(moment)
        return self.next_update(moment) if due is None else due + MAKING
