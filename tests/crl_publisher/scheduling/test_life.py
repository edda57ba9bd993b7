"""Thousands of rotations, revocations, outages, clock steps and restarts: the promises hold at every instant."""

from datetime import UTC, datetime, timedelta

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crl_publisher.scheduling.document import from_document
from crl_publisher.scheduling.errors import ScheduleRefused
from crl_publisher.scheduling.schedule import Schedule
from tests.campaign import examples
from tests.crl_publisher.scheduling.world import World

HOUR = timedelta(hours=1)
# Before both changes of clocks, and a year's end.
STARTS = [
    datetime(2026, 10, 23, 7, 31, 5, tzinfo=UTC),
    datetime(2027, 3, 26, 22, 0, tzinfo=UTC),
    datetime(2027, 12, 30, 12, 0, tzinfo=UTC),
]
ZONES = ["UTC", "Europe/Amsterdam", "Africa/Cairo", "Australia/Lord_Howe", "America/Havana"]
CALENDARS = ["0 */6 * * *", "30 2,14 * * *", "15 0 * * *", "0 3 * * mon,wed,fri", "0 0,12 * * *"]
BLACKOUTS = ["", "", "22:00-06:00", "01:30-03:30", "sat 00:00-sun 12:00"]


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, str]:
    """A document, most of them sensible: what is not is refused, which is part of the game."""
    document = {
        "profile": draw(st.sampled_from(["br", "br etsi", "pkix", "pkix"])),
        "zone": draw(st.sampled_from(ZONES)),
        "blackout": draw(st.sampled_from(BLACKOUTS)),
        "jitter": draw(st.sampled_from(["0s", "0s", "7m", "25m"])),
        "validity": draw(st.sampled_from(["10h", "30h", "3d", "7d", "20d"])),
        "outage_allowance": draw(st.sampled_from(["2h", "6h", "12h"])),
        "publish_within": draw(st.sampled_from(["5s", "1m"])),
    }
    if draw(st.booleans()):
        document["calendar"] = draw(st.sampled_from(CALENDARS))
    else:
        document["period"] = draw(st.sampled_from(["45m", "1h", "5h", "1d"]))
    if draw(st.booleans()):
        document["delta_period"] = draw(st.sampled_from(["30m", "2h"]))
        document["after_revocation"] = draw(st.sampled_from(["complete", "delta"]))
        if draw(st.booleans()):
            document["delta_validity"] = draw(st.sampled_from(["9h", "25h"]))
    return document


class Life(RuleBasedStateMachine):
    """A publisher's life, and everything that can happen to it."""

    @initialize(start=st.sampled_from(STARTS), document=schedules())
    def begin(self, start: datetime, document: dict[str, str]) -> None:
        """The publisher starts."""
        try:
            self.world = World(start, from_document(document))
        except ScheduleRefused:
            self.world = World(start, Schedule())
        self.documents = [self.world.timeline.versions[0].schedule]

    @rule(minutes=st.sampled_from([1, 10, 60, 300, 900]), extra=st.integers(0, 59))
    def time_passes(self, minutes: int, extra: int) -> None:
        """Nothing else happens."""
        self.world.pass_time(timedelta(minutes=minutes, seconds=extra))

    @rule(document=schedules(), ahead=st.sampled_from([0, 0, 1, 13, 50]), extra=st.integers(0, 3599))
    def rotate(self, document: dict[str, str], ahead: int, extra: int) -> None:
        """Somebody sets another schedule, for now or later."""
        try:
            schedule = from_document(document)
            at = self.world.wall + ahead * HOUR + timedelta(seconds=extra if ahead else 0)
            self.world.rotate(schedule, at)
        except ScheduleRefused:
            return
        self.documents.append(schedule)

    @precondition(lambda self: len(self.documents) > 1)
    @rule(place=st.integers(0, 100))
    def roll_back(self, place: int) -> None:
        """An older one comes back."""
        try:
            self.world.rotate(self.documents[place % len(self.documents)], self.world.wall)
        except ScheduleRefused:
            return

    @rule()
    def withdraw(self) -> None:
        """What is planned is taken back."""
        present = self.world.timeline.in_force(self.world.wall)
        planned = [
            each
            for each in self.world.timeline.versions
            if each.effective_from > self.world.wall and each is not present
        ]
        assume(planned)
        try:
            self.world.withdraw(planned[-1].number)
        except ScheduleRefused:
            return

    @rule(count=st.integers(1, 5), apart=st.integers(0, 9))
    def revoke(self, count: int, apart: int) -> None:
        """A few revocations, fast or slow."""
        for _ in range(count):
            self.world.revoke()
            self.world.pass_time(timedelta(seconds=apart))

    @rule(minutes=st.sampled_from([1, 30, 119, 355, 700, 2000]), with_key=st.booleans(), revokes=st.booleans())
    def outage(self, minutes: int, with_key: bool, revokes: bool) -> None:  # noqa: FBT001 - drawn
        """The publisher is gone, or cannot sign: for less than is allowed, or for more."""
        stop, start = (self.world.stop, self.world.start) if with_key else (self.world.break_key, self.world.mend_key)
        stop()
        self.world.pass_time(timedelta(minutes=minutes))
        if revokes:
            self.world.revoke()
        start()
        self.world.pass_time(timedelta(minutes=3))

    @rule(minutes=st.sampled_from([1, 30, 120, 360, 720]))
    def outage_before_a_run(self, minutes: int) -> None:
        """It goes just before a routine run, which is when it hurts most."""
        due = self.world.timeline.next_due(self.world.wall)
        assume(due is not None)
        assert due is not None
        until = due - self.world.wall - timedelta(seconds=1)
        assume(until < timedelta(days=4))
        self.world.pass_time(max(until, timedelta(0)))
        self.outage(minutes, with_key=True, revokes=False)

    @rule()
    def restart(self) -> None:
        """A new process, which knows nothing but the record."""
        self.world.stop()
        self.world.start()
        self.world.pass_time(timedelta(seconds=1))

    @rule(seconds=st.sampled_from([-14400, -1200, -300, -300, 0, 0, 30]))
    def step_clock(self, seconds: int) -> None:
        """Somebody sets the clock, back or a little ahead."""
        self.world.step_clock(timedelta(seconds=seconds))

    @invariant()
    def relying_party_is_served(self) -> None:
        """Also between all that happens."""
        if hasattr(self, "world"):
            self.world.state()


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=examples(60), stateful_step_count=50, deadline=None)
