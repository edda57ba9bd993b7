"""A schedule as a value: when routine CRLs come, how long each is good for, and what happens after a revocation.

What can be refused by looking at the fields alone is refused here; whether some instant would be left without a valid
CRL depends on calendars, clocks and what is public, and is `coverage`'s question.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from pki_revocation.config.sections import duration_text, setting

from .blackouts import Blackouts
from .errors import ScheduleRefused
from .local_time import Zone
from .profiles import Bound, Profile, Profiles
from .run_times import Calendar, periodic

SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
LONGEST_VALIDITY = 365 * _DAY
T = TypeVar("T")


class AfterRevocation(StrEnum):
    """What is published soon after a revocation; a delta alone needs relying parties that fetch deltas."""

    COMPLETE = "complete"
    DELTA = "delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When CRLs come and how long they are good for.

    A routine CRL comes every *period*, or at the times of *calendar* where that is given, up to *jitter* later, and
    never in a *blackout*, both in the time of *zone*. It is good for *validity*; at least *overlap* of that must be
    left when the next one comes, and enough to survive *outage_allowance* without a publisher. Deltas come every
    *delta_period*, where given. After a revocation one comes within *publish_within*, but no sooner than
    *minimum_interval* after the last. thisUpdate lies *backdate* before the moment of issuing, for relying parties
    whose clocks are slow.
    """

    profile: Profiles = setting(
        Profiles(frozenset({Profile.BR, Profile.ETSI})), clause="one or more of pkix, br, etsi, microsoft, ca"
    )
    period: timedelta = setting(
        timedelta(hours=1),
        minimum=timedelta(minutes=1),
        maximum=365 * _DAY,
        clause="etsi: 24 hours with jitter and backdate, CSS-6.3.9-05; br: 4 days, BR 4.9.7; ca: 12 months",
    )
    calendar: Calendar | None = setting(None, clause="minute hour day month weekday, in place of period")
    zone: Zone = setting(Zone("UTC"), clause="a name of the IANA database, as Europe/Amsterdam")
    jitter: timedelta = setting(timedelta(0), minimum=timedelta(0), maximum=timedelta(hours=1))
    blackout: Blackouts = setting(Blackouts(), clause="as 22:00-06:00; sat,sun 08:00-12:00; fri 22:00-mon 06:00")
    validity: timedelta = setting(
        timedelta(hours=48),
        minimum=timedelta(minutes=5),
        maximum=LONGEST_VALIDITY,
        clause="br: 10 days, BR 7.2; ca: 12 months",
    )
    overlap: timedelta = setting(
        timedelta(0), minimum=timedelta(0), maximum=365 * _DAY, clause="left when the next routine CRL is due, at least"
    )
    outage_allowance: timedelta = setting(
        timedelta(hours=6), minimum=timedelta(0), maximum=365 * _DAY, clause="without a publisher, and without a gap"
    )
    delta_period: timedelta | None = setting(
        None, minimum=timedelta(minutes=1), maximum=_DAY, clause="none makes no deltas"
    )
    delta_validity: timedelta | None = setting(
        None, minimum=timedelta(minutes=5), maximum=365 * _DAY, clause="none is that of the complete CRL"
    )
    after_revocation: AfterRevocation = setting(AfterRevocation.COMPLETE)
    publish_within: timedelta = setting(
        timedelta(seconds=5),
        minimum=timedelta(seconds=1),
        maximum=7 * _DAY,
        clause="all but pkix: 24 hours, BR 4.9.7, ETSI REV-6.2.4-03A, Microsoft 2.1.13",
    )
    minimum_interval: timedelta = setting(timedelta(seconds=2), minimum=timedelta(0), maximum=timedelta(hours=1))
    backdate: timedelta = setting(timedelta(seconds=60), minimum=timedelta(0), maximum=timedelta(hours=1))

    def __post_init__(self) -> None:
        """Refuse what breaks a bound, and values that do not go together.

        Raises:
            ScheduleRefused: naming the values, and the clause that bounds them.
        """
        for field in dataclasses.fields(Schedule):
            value, minimum, maximum = getattr(self, field.name), field.metadata["minimum"], field.metadata["maximum"]
            if value is not None and minimum is not None and not minimum <= value <= maximum:
                raise ScheduleRefused(
                    f"{field.name} is {duration_text(value)}, and may be {duration_text(minimum)} to "
                    f"{duration_text(maximum)}."
                )
        self._refuse_broken_bounds()
        self._refuse_contradictions()

    @property
    def delta_lifetime(self) -> timedelta:
        """From a delta's thisUpdate to its nextUpdate."""
        return self.validity if self.delta_validity is None else self.delta_validity

    @property
    def longest_validity(self) -> timedelta:
        """The most that the profiles allow between thisUpdate and nextUpdate; a year where they do not bound it."""
        bound = self.profile.validity
        return LONGEST_VALIDITY if bound is None else bound.longest

    @property
    def base_age(self) -> timedelta:
        """How long a complete CRL is public before deltas refer to it."""
        return min(self.validity / 2, _DAY if self.calendar else self.period)

    @property
    def age_bounds(self) -> tuple[Bound, ...]:
        """What bounds the age of a complete CRL's thisUpdate: with deltas, less does."""
        found = [self.profile.age if self.delta_period else self.profile.age_with_deltas]
        if self.after_revocation is AfterRevocation.DELTA:
            # A revocation reaches those who fetch no deltas by the routine alone.
            found.append(self.profile.revocation)
        return tuple(bound for bound in found if bound is not None)

    def next_update(self, this_update: datetime, *, delta: bool = False) -> datetime:
        """What a CRL of this date says; nextUpdate counts as valid itself, so a second less (BR 4.9.10, 7.2)."""
        return this_update + (self.delta_lifetime if delta else self.validity) - SECOND

    def latest_next_update(self, this_update: datetime) -> datetime:
        """The last nextUpdate that the profiles allow."""
        return this_update + self.longest_validity - SECOND

    def plan(self, start: datetime, *, anchor: datetime) -> Iterator[datetime]:
        """Every instant from *start* on at which a routine CRL is planned, before jitter and blackouts.

        Periods are counted from *anchor*, when the schedule comes into force.
        """
        if self.calendar is not None:
            return self.calendar.runs(max(start, anchor), self.zone)
        return periodic(start, anchor=anchor, period=self.period)

    def delta_plan(self, start: datetime, *, anchor: datetime) -> Iterator[datetime]:
        """Likewise for deltas; none where there are no deltas."""
        if self.delta_period is None:
            return iter(())
        return periodic(start, anchor=anchor, period=self.delta_period)

    def _refuse_broken_bounds(self) -> None:
        self._refuse_over("validity", self.validity, self.profile.validity)
        self._refuse_over("publish_within", self.publish_within, self.profile.revocation)
        if self.calendar is None:
            for bound in self.age_bounds:
                self._refuse_over("period", self.period, bound)
                if self.period + self.jitter + self.backdate > bound.longest:
                    raise ScheduleRefused(
                        f"period, jitter and backdate together are "
                        f"{duration_text(self.period + self.jitter + self.backdate)}, and may be "
                        f"{duration_text(bound.longest)}: a CRL would be older than that ({bound.clause})."
                    )

    @staticmethod
    def _refuse_over(name: str, value: timedelta, bound: Bound | None) -> None:
        if bound is not None and value > bound.longest:
            raise ScheduleRefused(
                f"{name} is {duration_text(value)}, and may be {duration_text(bound.longest)} ({bound.clause})."
            )

    def _refuse_contradictions(self) -> None:
        least = self.backdate + self.jitter + (timedelta(0) if self.calendar else self.period)
        if self.validity <= least:
            raise ScheduleRefused(
                f"validity {duration_text(self.validity)} must be longer than period, jitter and backdate together "
                f"({duration_text(least)}), or CRLs lapse before the next one."
            )
        if self.minimum_interval >= self.publish_within:
            raise ScheduleRefused(
                f"minimum_interval {duration_text(self.minimum_interval)} must be shorter than "
                f"publish_within {duration_text(self.publish_within)}: a second revocation would wait too long."
            )
        if self.calendar is None and self.jitter >= self.period:
            raise ScheduleRefused(
                f"jitter {duration_text(self.jitter)} must be shorter than period {duration_text(self.period)}: "
                "a run would overtake the one before."
            )
        if self.delta_period is None:
            if self.delta_validity is not None or self.after_revocation is AfterRevocation.DELTA:
                raise ScheduleRefused(
                    "delta_validity and after_revocation = delta need a delta_period: without one no deltas are made."
                )
            return
        if self.delta_lifetime > self.validity:
            raise ScheduleRefused(
                f"delta_validity {duration_text(self.delta_lifetime)} must be no longer than validity "
                f"{duration_text(self.validity)}: a delta would outlive the CRL that it belongs to."
            )
        if self.calendar is None and self.delta_period >= self.period:
            raise ScheduleRefused(
                f"delta_period {duration_text(self.delta_period)} must be shorter than period "
                f"{duration_text(self.period)}, or no delta ever comes."
            )
