"""Is this CRL well? The one judgement, of which publisher, doctor, probe, offline CA and metrics each know a part.

The caller says what it knows: the record, what lies where relying parties fetch it, what the journal has that no CRL
has, and what is promised. What is not known is not judged. So a lapsed CRL, or one that is not the recorded one, is the
same alarm in the log, in `doctor`, at a public address and in the metrics.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pki_revocation.clock import iso

from .entry_store.selection import Uncovered
from .published import PublishedCrl


class AlarmKind(StrEnum):
    """What is wrong, in the word that metrics and `doctor` use."""

    MISSING = "missing"
    NOT_PUBLIC = "not-public"
    FOREIGN = "foreign"
    FUTURE = "future"
    UNENDING = "unending"
    EXPIRY = "expiry"
    OVERDUE = "overdue"
    NO_NUMBER = "no-number"
    BACKWARDS = "backwards"
    BEHIND = "behind"
    AHEAD = "ahead"
    DIFFERENT = "different"
    EMPTY = "empty"
    DELTA = "delta"
    UNCOVERED = "uncovered"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong; *is_late* when relying parties feel it or a deadline is over, and it warns no more."""

    kind: AlarmKind
    is_late: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A CRL where relying parties fetch it: whose it is, and what it says.

    *is_ours* says that it is a CRL that the CA signed; of any other, nothing else is known. *is_delta* and *entries*
    (whether it lists anything) are None where they were not looked at.
    """

    is_ours: bool
    number: int | None = None
    this_update: datetime | None = None
    next_update: datetime | None = None
    sha256: str = ""
    is_delta: bool | None = None
    has_entries: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """The times and limits that a CRL is held against.

    Attributes:
        needed_since: since when relying parties need a CRL; None while they need none.
        next_due: when the routine brings the next one; None where no routine does.
        making: how long that one may take to be public.
        notice: how long before nextUpdate a CRL should have a successor; zero where its end alone matters.
        covers_within: how long a revocation may take to a CRL.
        clause: where that is promised, as a sentence names it.
        is_told_at_once: whether an uncovered revocation is an alarm before that is over, because people must act.
        size_limit: in octets.
        grace: how long caches may hold the CRL before the recorded one.
    """

    needed_since: datetime | None = None
    next_due: datetime | None = None
    making: timedelta = timedelta(0)
    notice: timedelta = timedelta(0)
    covers_within: timedelta | None = None
    clause: str = ""
    is_told_at_once: bool = False
    size_limit: int | None = None
    grace: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlFacts:
    """What is known of the CRL of one scope at this moment.

    Attributes:
        now: the moment.
        name: what sentences call the CRL that is recorded, or looked at: "CRL 17", or its address.
        place: what they call the place where relying parties fetch it: its path, or its address.
        recorded: the last one that the record has as published.
        is_delta: whether the scope is a delta's.
        is_there: whether anything is at the address; None where the caller did not look.
        seen: what is there, where it was read.
        seen_before: the highest number that was ever seen there.
        uncovered: what the journal has and no CRL of the scope has.
    """

    now: datetime
    name: str
    place: str
    recorded: PublishedCrl | None
    is_delta: bool = False
    is_there: bool | None = None
    seen: Seen | None = None
    seen_before: int | None = None
    uncovered: Uncovered = field(default_factory=Uncovered)


# What the next CRL of the same publisher puts right, where the record has one: no need to wait for the routine.
_REPLACED = {
    AlarmKind.FOREIGN,
    AlarmKind.NO_NUMBER,
    AlarmKind.BEHIND,
    AlarmKind.AHEAD,
    AlarmKind.DIFFERENT,
    AlarmKind.EXPIRY,
}


def needs_replacing(found: Iterable[Alarm]) -> bool:
    """Whether what is public is not what was published last, or lapsed, so that another CRL is due at once."""
    return any(alarm.is_late and alarm.kind in _REPLACED for alarm in found)


def alarms(known: CrlFacts, promise: Promise) -> tuple[Alarm, ...]:
    """Everything that is wrong, the worst for relying parties first."""
    return tuple(_alarms(known, promise))


def _alarms(known: CrlFacts, promise: Promise) -> Iterator[Alarm]:
    recorded, seen = known.recorded, known.seen
    if recorded is None and seen is None:
        if promise.needed_since is not None and promise.needed_since < known.now:
            yield Alarm(AlarmKind.MISSING, is_late=True, says="none was ever published")
        yield from _coverage(known, None, promise)
        return
    if known.is_there is False:
        yield Alarm(AlarmKind.NOT_PUBLIC, is_late=True, says=f"nothing is public at {known.place}")
    if seen is None:
        yield from _validity(known, promise)
    elif seen.is_ours:
        yield from _validity(known, promise)
        yield from _identity(known, seen, promise)
    else:
        yield Alarm(AlarmKind.FOREIGN, is_late=True, says=f"{known.place} is no CRL that this CA signed")
    yield from _routine(known, promise)


def _validity(known: CrlFacts, promise: Promise) -> Iterator[Alarm]:
    """The alarms about dates: of the public CRL where it was read, as relying parties see it, else of the record's."""
    crl = known.seen or known.recorded
    if crl is None or crl.this_update is None:
        return
    now, name, this_update, next_update = known.now, known.name, crl.this_update, crl.next_update
    if this_update > now:
        yield Alarm(AlarmKind.FUTURE, is_late=True, says=f"{name} is dated {iso(this_update)}, which is in the future")
    if next_update is None:
        yield Alarm(AlarmKind.UNENDING, is_late=True, says=f"{name} has no nextUpdate (RFC 5280 section 5.1.2.5)")
    elif next_update <= now:
        yield Alarm(AlarmKind.EXPIRY, is_late=True, says=f"{name} lapsed at {iso(next_update)}")
    elif next_update - now <= promise.notice:
        yield Alarm(AlarmKind.EXPIRY, is_late=False, says=f"{name} ends at {iso(next_update)}, and no newer one is out")


def _identity(known: CrlFacts, seen: Seen, promise: Promise) -> Iterator[Alarm]:
    """The alarms about a public CRL that is not the recorded one: an older, a newer, or another of the same number."""
    name, recorded, number = known.place, known.recorded, seen.number
    if seen.is_delta is not None and seen.is_delta is not known.is_delta:
        kinds = ("a delta", "a complete CRL") if known.is_delta else ("a complete CRL", "a delta")
        yield Alarm(AlarmKind.DELTA, is_late=True, says=f"{name} should be {kinds[0]}, and is {kinds[1]}")
    if number is None:
        yield Alarm(AlarmKind.NO_NUMBER, is_late=True, says=f"{name} has no CRL number (RFC 5280 section 5.2.3)")
        return
    if known.seen_before is not None and number < known.seen_before:
        yield Alarm(
            AlarmKind.BACKWARDS,
            is_late=True,
            says=f"{name} is number {number}, and {known.seen_before} was seen there before",
        )
    if recorded is None or number > recorded.number:
        last = "none is recorded here" if recorded is None else f"the last one recorded here is {recorded.number}"
        yield Alarm(
            AlarmKind.AHEAD,
            is_late=True,
            says=f"{name} is number {number}, and {last}: another publisher signs for this CA, or this record comes "
            "from a backup",
        )
        return
    if number < recorded.number:
        if known.now >= recorded.published_at + promise.grace:
            yield Alarm(
                AlarmKind.BEHIND,
                is_late=True,
                says=f"{name} is number {number}, and {recorded.number} is public since {iso(recorded.published_at)}",
            )
    elif seen.sha256 != recorded.sha256:
        yield Alarm(
            AlarmKind.DIFFERENT,
            is_late=True,
            says=f"{name} is another CRL with the number {number} than was published",
        )
    if seen.has_entries is False and recorded.entries and number >= recorded.number:
        yield Alarm(AlarmKind.EMPTY, is_late=True, says=f"{name} lists nothing, and should list {recorded.entries}")


def _routine(known: CrlFacts, promise: Promise) -> Iterator[Alarm]:
    """The alarms about the publisher, from record, journal and schedule: too large, behind the journal, overdue."""
    crl, now = known.recorded, known.now
    if crl is None:
        return
    if promise.size_limit is not None and crl.size > promise.size_limit:
        yield Alarm(
            AlarmKind.SIZE,
            is_late=False,
            says=f"{known.name} has {crl.size} bytes, and [crl] size_limit is {promise.size_limit}",
        )
    yield from _coverage(known, crl, promise)
    due = None if crl.is_last else promise.next_due
    if due is not None and due + promise.making < now:
        yield Alarm(AlarmKind.OVERDUE, is_late=True, says=f"the one that was due at {iso(due)} did not come")


def _coverage(known: CrlFacts, crl: PublishedCrl | None, promise: Promise) -> Iterator[Alarm]:
    """The alarms about what the journal has and no CRL has; where there never was a CRL (None), that is all of it."""
    count, first = known.uncovered.count, known.uncovered.first_at
    if first is None:
        return
    since = f"{count} revocations since {iso(first)} are on no CRL"
    if crl is not None and crl.is_last:
        yield Alarm(
            AlarmKind.UNCOVERED,
            is_late=True,
            says=f"{known.name} is the last one, and {since}: nothing may be revoked behind a last CRL, and OCSP alone "
            "says so",
        )
    elif promise.covers_within is not None:
        due = first + promise.covers_within
        if promise.is_told_at_once or due < known.now:
            yield Alarm(AlarmKind.UNCOVERED, is_late=known.now > due, says=f"{since}, and {promise.clause}")
