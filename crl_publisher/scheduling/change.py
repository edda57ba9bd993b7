"""A change of the book as it is written: a version, and what becomes of the planned ones that know nothing of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from .entries import ScheduleEntry, entry_numbered
from .errors import VersionRefused
from .operators import Said, is_same_person
from .planned import Overtaken, Planned, PlannedRefused, before, later_than, overtaken, undone_by
from .schedule import Schedule
from .timeline import Timeline, Version


@dataclass(frozen=True, slots=True)
class Change:
    """What is written: a version, and the planned ones that are withdrawn for it or made anew; *timeline* has all."""

    entry: ScheduleEntry
    timeline: Timeline
    withdrawn: tuple[ScheduleEntry, ...] = ()
    rebased: tuple[ScheduleEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """An operator's act on a book: what is in it, what the operator says with it, who that is, and when it is.

    *needs_second_person* says whether versions count by another operator's approval alone.
    """

    entries: tuple[ScheduleEntry, ...]
    said: Said
    by: str
    now: datetime
    needs_second_person: bool


def refuse_unmeant_weakness(present: Schedule, wanted: Schedule, said: Said) -> None:
    """Refuse a profile that lets more through than the one before, unless it is meant and the reason is said."""
    weaker = wanted.profile.weaker_than(present.profile)
    if not weaker or (said.is_weaker and said.reason is not None):
        return
    raise VersionRefused(
        f"The profile {wanted.profile} is weaker than {present.profile}: it no longer says {'; '.join(weaker)}. Say "
        "--weaker, and why with --reason TEXT."
    )


def refuse_stale(entries: tuple[ScheduleEntry, ...], entry: ScheduleEntry, present: Version) -> None:
    """Refuse a proposal that would undo what came to count after it was made."""
    if entry.based_on in {None, present.number}:
        return
    based_on = entry_numbered(entries, entry.based_on or 0).schedule
    undone = undone_by(entry.schedule, based_on, present.schedule)
    if undone:
        changes = "; ".join(f"{name} {old} -> {new}" for name, (old, new) in undone.items())
        raise VersionRefused(
            f"Version {entry.number} was made on version {entry.based_on}, and version {present.number} counts since: "
            f"it would undo {changes}. Withdraw it and propose it anew, or approve it --as-proposed."
        )


def followed(change: Change, act: Act, new: Version, *, place: Version | None = None) -> Change:
    """The change, and what becomes of the planned versions behind it that would undo it.

    Args:
        change: by itself.
        act: whose it is.
        new: what is to be in force now before the first planned version.
        place: behind which version they are; *new* where it is None.

    Raises:
        PlannedRefused: when there are such versions, and it is not said.
        VersionRefused: when one cannot be made anew, or is the operator's own and needs another one's approval.
    """
    planned = later_than(change.timeline, place or new)
    found = list(overtaken([(each, _made_on(each, change, act)) for each in planned], new.schedule))
    if not found or act.said.planned is Planned.KEEP:
        return change
    if act.said.planned is None:
        raise PlannedRefused([(each.version, before(change.timeline, each.version).schedule) for each in found])
    gone = {each.version.number for each in found}
    withdrawn = tuple(
        replace(each, withdrawn_at=act.now, withdrawn_by=act.by, withdrawn_reason=act.said.reason)
        for each in act.entries
        if each.number in gone
    )
    rest = tuple(each for each in change.timeline.versions if each.number not in gone)
    if act.said.planned is Planned.WITHDRAW:
        return replace(change, timeline=Timeline(change.timeline.issuer, rest), withdrawn=withdrawn)
    rebased = _made_anew(change, act, found)
    versions = (*rest, *(each.version() for each in rebased))
    return replace(
        change, timeline=Timeline(change.timeline.issuer, versions), withdrawn=withdrawn, rebased=tuple(rebased)
    )


def _made_on(version: Version, change: Change, act: Act) -> Schedule:
    """The schedule that a planned version was made on: what it differs in from that one is what was meant by it."""
    based_on = entry_numbered(act.entries, version.number).based_on
    if based_on is None:
        # An older program's version does not say: it is the one that was to be in force before it.
        known = tuple(each.version() for each in act.entries if each.counts)
        return before(Timeline(change.timeline.issuer, known), version).schedule
    return entry_numbered(act.entries, based_on).schedule


def _made_anew(change: Change, act: Act, found: Sequence[Overtaken]) -> list[ScheduleEntry]:
    made: list[ScheduleEntry] = []
    number = max(change.entry.number, *(each.number for each in act.entries))
    based_on = before(change.timeline, found[0].version)
    for each in found:
        if each.rebased is None:
            raise VersionRefused(
                f"Version {each.version.number} cannot be made anew on top of this change: {each.refusal} Say "
                "--planned withdraw, or --planned keep."
            )
        if each.rebased == based_on.schedule:
            # It changed what this change takes along already.
            continue
        was = entry_numbered(act.entries, each.version.number)
        if act.needs_second_person and is_same_person(was.proposed_by, act.by):
            raise VersionRefused(
                f"Version {was.number} is your own, and another operator approved it: say --planned withdraw, and "
                "propose it anew."
            )
        number += 1
        entry = replace(
            was,
            number=number,
            schedule=each.rebased,
            proposed_at=act.now,
            approved_at=act.now,
            approved_by=act.by,
            approved_reason=None,
            reason=act.said.reason or was.reason,
            based_on=based_on.number,
            rebases=was.number,
            restores=None,
        )
        made.append(entry)
        based_on = entry.version()
    return made
