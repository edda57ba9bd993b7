"""Versions that are planned, when another change comes before them: none undoes it without a word.

A planned version is a whole schedule, made of the one that was to be in force before it and some changes. Whatever is
set in between is not in it, and would end with it. So it is made anew on top of the change, taken back, or left as it
is: whichever an operator says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pki_revocation.clock import iso

from .document import NONE, as_document, differences, from_document
from .errors import ScheduleRefused, VersionRefused
from .schedule import Schedule
from .timeline import Timeline, Version


class Planned(StrEnum):
    """What becomes of planned versions that know nothing of a change."""

    REBASE = "rebase"
    WITHDRAW = "withdraw"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A planned version that would undo a change, and the same made on top of it; None when that cannot be."""

    version: Version
    rebased: Schedule | None
    refusal: str = ""


class PlannedRefused(VersionRefused):
    """Planned versions would undo a change, and it was not said what becomes of them."""

    def __init__(self, overtaken: Sequence[tuple[Version, Schedule]]) -> None:
        """*overtaken*: each such version, and the schedule that would be in force before it."""
        super().__init__(
            f"{'; '.join(_planned_line(*each) for each in overtaken)}. Made before this change, it would undo it: say "
            "--planned rebase to have it made anew on top of the change, --planned withdraw to take it back, or "
            "--planned keep to let it take over as it is."
        )


def later_than(timeline: Timeline, version: Version) -> tuple[Version, ...]:
    """The versions that come into force behind this one, whether it is in the timeline or not."""
    place = (version.effective_from, version.number)
    return tuple(each for each in timeline.versions if (each.effective_from, each.number) > place)


def before(timeline: Timeline, version: Version) -> Version:
    """The version that this one takes over from; itself when it is the first."""
    place = (version.effective_from, version.number)
    return next((each for each in reversed(timeline.versions) if (each.effective_from, each.number) < place), version)


def overtaken(planned: Sequence[tuple[Version, Schedule]], new: Schedule) -> Iterator[Overtaken]:
    """Those of the planned versions that would undo what changes before them, in order.

    Args:
        planned: in the order in which they come into force, each with the schedule that it was made on.
        new: what is to be in force now before the first of them.
    """
    for version, made_on in planned:
        try:
            rebased = _with(new, differences(made_on, version.schedule))
        except ScheduleRefused as error:
            yield Overtaken(version, None, str(error))
            new = version.schedule
            continue
        if rebased != version.schedule:
            yield Overtaken(version, rebased)
        new = rebased


def undone_by(proposed: Schedule, based_on: Schedule, present: Schedule) -> dict[str, tuple[str, str]]:
    """What a proposal that was made on another version would undo of the present one: each value before and after."""
    undone = differences(present, proposed)
    meant = differences(based_on, proposed)
    return {name: each for name, each in undone.items() if name not in meant}


def _with(schedule: Schedule, changes: dict[str, tuple[str, str]]) -> Schedule:
    document = dict(as_document(schedule))
    if changes.keys() & {"period", "calendar"}:
        # Of the two there is one, and the change says which.
        document.pop("period", None)
        document.pop("calendar", None)
    for name, (_, wanted) in changes.items():
        document.pop(name, None)
        if wanted != NONE:
            document[name] = wanted
    return from_document(document)


def _planned_line(version: Version, in_force: Schedule) -> str:
    changes = "; ".join(
        f"{name} {old} -> {new}" for name, (old, new) in differences(in_force, version.schedule).items()
    )
    return f"Version {version.number} is planned for {iso(version.effective_from)}: {changes}"
