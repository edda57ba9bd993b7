"""What is known of a CRL at this moment: the record, the journal, the schedule, and what is public.

The running publisher observes twice a second, and `doctor` once: both get the same judgement, `crl_publisher.health`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import Connection, exists, select

from crl_publisher.entry_store.selection import Uncovered, uncovered_rows
from crl_publisher.health import Alarm, CrlFacts, Promise, Seen, alarms, needs_replacing
from crl_publisher.public_crl import PublicCrls, PublicState
from crl_publisher.published import PublishedCrl, last_published
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scheduling.coverage import MAKING
from crl_publisher.scheduling.due import LastPublication, ScopeState
from crl_publisher.scheduling.schedule import AfterRevocation
from crl_publisher.scheduling.timeline import Timeline
from crl_publisher.scope import Scope
from pki_revocation.clock import Clock
from pki_revocation.config.sections import duration_text
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.errors import StoreError
from pki_revocation.model import Issuer

# What was revoked just now may be on its way: the publisher looks twice a second, and signing takes a while.
_GRACE = timedelta(seconds=15)


class DatabaseUnavailable(StoreError):
    """The database did not answer an observation; nothing had been begun."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One scope of one issuer at a moment.

    *complete* and *delta* are what was recorded last, *is_public* and *is_delta_public* whether anything is where
    relying parties fetch them, *seen* and *delta_seen* what that is, where it was read. *uncovered* is what the last
    complete CRL lacks of the journal, *delta_uncovered* what the last delta lacks too.
    """

    issuer: Issuer
    scope: Scope
    now: datetime
    timeline: Timeline
    is_needed: bool
    complete: PublishedCrl | None
    delta: PublishedCrl | None
    is_public: bool
    is_delta_public: bool
    uncovered: Uncovered
    delta_uncovered: Uncovered
    size_limit: int | None = None
    seen: Seen | None = None
    delta_seen: Seen | None = None

    @cached_property
    def next_due(self) -> datetime | None:
        """When the schedule wants the next complete CRL; None before the first one."""
        return None if self.complete is None else self.timeline.next_due(self.complete.published_at)

    @cached_property
    def alarms(self) -> tuple[Alarm, ...]:
        """What is wrong with the complete CRL, and with its coverage of the journal."""
        schedule = self.timeline.in_force(self.now).schedule
        by_delta = schedule.after_revocation is AfterRevocation.DELTA
        crl = self.complete
        promise = Promise(
            needed_since=datetime.min.replace(tzinfo=self.now.tzinfo) if self.is_needed else None,
            next_due=self.next_due,
            making=MAKING,
            covers_within=schedule.publish_within + _GRACE,
            clause=f"publish_within is {duration_text(schedule.publish_within)}",
            size_limit=self.size_limit,
        )
        known = CrlFacts(
            now=self.now,
            name="the CRL" if crl is None else f"CRL {crl.number}",
            place=self.scope.path(self.issuer),
            recorded=crl,
            is_there=self.is_public,
            seen=self.seen,
            uncovered=self.delta_uncovered if by_delta else self.uncovered,
        )
        return alarms(known, promise)

    @cached_property
    def delta_alarms(self) -> tuple[Alarm, ...]:
        """What is wrong with the delta, where the schedule has any."""
        if self.delta is None or self.timeline.in_force(self.now).schedule.delta_period is None:
            return ()
        known = CrlFacts(
            now=self.now,
            name=f"delta CRL {self.delta.number}",
            place=self.scope.delta.path(self.issuer),
            recorded=self.delta,
            is_delta=True,
            is_there=self.is_delta_public,
            seen=self.delta_seen,
        )
        return alarms(known, Promise())

    def state(self, monotonic: float, *, is_asked: bool) -> ScopeState:
        """The same as `scheduling.due` wants it; *monotonic* is in seconds."""
        is_delta_sound = self.is_delta_public and not needs_replacing(self.delta_alarms)
        return ScopeState(
            now=self.now,
            monotonic=monotonic,
            complete=_recorded(self.complete),
            delta=_recorded(self.delta) if is_delta_sound else None,
            is_public=self.is_public,
            is_sound=not needs_replacing(self.alarms),
            is_uncovered=self.uncovered.count > 0,
            is_delta_uncovered=self.delta_uncovered.count > 0,
            is_asked=is_asked,
        )

    def with_reading_of(self, other: "Observation") -> "Observation":
        """The same with what another observation read."""
        return replace(self, seen=other.seen, delta_seen=other.delta_seen)

    def knows_as_much_as(self, other: "Observation") -> bool:
        """Whether the record had the same CRLs then."""
        return (self.complete, self.delta) == (other.complete, other.delta)


class Observer:
    """Observes scopes of issuers whose keys are here."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        book: ScheduleBook,
        public: PublicCrls,
        size_limit: int | None = None,
    ) -> None:
        """*public* are the CRLs of the outlet that comes first; *size_limit* is [crl] size_limit, in octets."""
        self._database = database
        self._clock = clock
        self._book = book
        self._public = public
        self._size_limit = size_limit

    def observe(self, issuer: Issuer, scope: Scope) -> Observation:
        """One complete scope and its delta as they are now; what is public is not read.

        Raises:
            DatabaseUnavailable: when the database does not answer: no scope's own failure.
        """
        try:
            with self._database.read() as connection:
                return self._observation(connection, issuer, scope)
        except StoreError as error:
            raise DatabaseUnavailable(str(error)) from error

    def read(self, observation: Observation) -> Observation:
        """The same with what is public, octet for octet, which takes reading it.

        Raises:
            OutletError: when that cannot be found out.
            StoreError: when the database does not answer.
        """
        issuer, scope = observation.issuer, observation.scope
        delta = None
        if observation.delta is not None and observation.is_delta_public:
            delta = self._public.state(issuer, scope.delta)
        return replace(
            observation,
            seen=_seen(self._public.state(issuer, scope)) if observation.is_public else None,
            delta_seen=None if delta is None else _seen(delta),
        )

    def _observation(self, connection: Connection, issuer: Issuer, scope: Scope) -> Observation:
        complete = last_published(connection, issuer, scope)
        delta = last_published(connection, issuer, scope.delta)
        covered = 0 if complete is None else complete.covers_sequence
        delta_covered = max(covered, 0 if delta is None else delta.covers_sequence)
        uncovered = delta_uncovered = uncovered_rows(connection, issuer, scope, covered)
        if uncovered.count and delta_covered > covered:
            delta_uncovered = uncovered_rows(connection, issuer, scope, delta_covered)
        return Observation(
            issuer=issuer,
            scope=scope,
            now=self._clock.now(),
            timeline=self._book.timeline(connection, issuer),
            is_needed=complete is not None or _has_certificates(connection, issuer),
            complete=complete,
            delta=delta,
            is_public=self._public.exists(issuer, scope),
            is_delta_public=self._public.exists(issuer, scope.delta),
            uncovered=uncovered,
            delta_uncovered=delta_uncovered,
            size_limit=self._size_limit,
        )


def _seen(state: PublicState) -> Seen | None:
    """The public CRL as it was read; None where it vanished before."""
    crl = state.crl
    if crl is None:
        return Seen(is_ours=False) if state.is_there else None
    return Seen(
        is_ours=True,
        number=crl.number,
        this_update=crl.this_update,
        next_update=crl.next_update,
        sha256=crl.sha256.hex(),
    )


def _recorded(crl: PublishedCrl | None) -> LastPublication | None:
    return None if crl is None else LastPublication(crl.number, crl.published_at, is_final=crl.is_last)


def _has_certificates(connection: Connection, issuer: Issuer) -> bool:
    return bool(connection.scalar(select(exists().where(certificates.c.issuer_id == issuer.id))))
