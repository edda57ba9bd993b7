"""What the running publisher finds when it looks: at the record, the schedule and what is public, a scope at a time."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from crl_publisher import metrics
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import Outlet
from crl_publisher.published import PublishedCrl, last_published
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scheduling.due import DueTracker, LastPublication, ScopeState
from crl_publisher.scheduling.timeline import Timeline
from crl_publisher.scope import Scope
from pki_revocation import journal
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.errors import StoreError
from pki_revocation.model import Issuer

# Whether a file is there is asked at each look; whether it is the right one, which takes reading it, less often.
_VERIFY_SECONDS = 30.0


class DatabaseUnavailable(StoreError):
    """The database did not answer a look; nothing had been begun."""


@dataclass(slots=True)
class WatchedScope:
    """What this process knows of one scope's CRL, beside the record.

    *is_sound* is None while nobody has looked closely yet; *verified_at* is when somebody last did, in seconds.
    """

    watch: DueTracker = field(default_factory=DueTracker)
    is_sound: bool | None = None
    is_delta_sound: bool = True
    verified_at: float = 0.0

    def needs_verification(self, state: ScopeState) -> bool:
        """Whether what is public is to be read, and not only to be there."""
        is_time = self.is_sound is None or state.monotonic >= self.verified_at + _VERIFY_SECONDS
        return is_time and not self.watch.is_held(state)


@dataclass(frozen=True, slots=True)
class Observation:
    """One scope of one issuer, as a look found it."""

    issuer: Issuer
    scope: Scope
    timeline: Timeline
    state: ScopeState


class Observer:
    """Looks for the publisher, and measures what it sees."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        book: ScheduleBook,
        issuance: CrlIssuance,
        outlet: Outlet,
        monotonic: Callable[[], float],
    ) -> None:
        """Nothing is looked at yet."""
        self._database = database
        self._clock = clock
        self._book = book
        self._issuance = issuance
        self._outlet = outlet
        self._monotonic = monotonic

    def observe(self, issuer: Issuer, scope: Scope, own: WatchedScope, *, is_asked: bool) -> Observation:
        """The scope as it is now.

        Raises:
            Unreadable: when the database does not answer.
        """
        with self._reading() as connection:
            timeline = self._book.timeline(connection, issuer)
            sequence = journal.read_head(connection, issuer.id).sequence
            complete = last_published(connection, issuer, scope)
            delta = last_published(connection, issuer, scope.delta)
            covered = 0 if complete is None else complete.covers_sequence
            delta_covered = max(covered, 0 if delta is None else delta.covers_sequence)
            is_uncovered = self._issuance.has_changes(connection, issuer, scope, covered)
            is_delta_uncovered = is_uncovered and self._issuance.has_changes(connection, issuer, scope, delta_covered)
        now = self._clock.now()
        if complete is not None:
            age = (now - complete.published_at).total_seconds()
            metrics.record(complete, age_seconds=age, uncovered=sequence - covered if is_uncovered else 0)
        state = ScopeState(
            now=now,
            monotonic=self._monotonic(),
            complete=_recorded(complete),
            delta=_recorded(delta) if own.is_delta_sound and self._outlet.exists(scope.delta.path(issuer)) else None,
            is_public=self._outlet.exists(scope.path(issuer)),
            is_sound=own.is_sound is not False,
            is_uncovered=is_uncovered,
            is_delta_uncovered=is_delta_uncovered,
            is_asked=is_asked,
        )
        return Observation(issuer, scope, timeline, state)

    def verify(self, observation: Observation, own: WatchedScope) -> Observation:
        """Whether the very octets that were published are where relying parties fetch them; what is now known.

        Raises:
            OutletError: when that cannot be found out.
            StoreError: when the database does not answer.
        """
        state = observation.state
        own.verified_at = state.monotonic
        own.is_sound = self._issuance.is_current(observation.issuer, observation.scope)
        own.is_delta_sound = state.delta is None or self._issuance.is_current(
            observation.issuer, observation.scope.delta
        )
        delta = state.delta if own.is_delta_sound else None
        return replace(observation, state=replace(state, is_sound=own.is_sound, delta=delta))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Read; a database that does not answer is no scope's failure, and no reason to pause longer than it does."""
        try:
            with self._database.read() as connection:
                yield connection
        except StoreError as error:
            raise DatabaseUnavailable(str(error)) from error


def _recorded(crl: PublishedCrl | None) -> LastPublication | None:
    return None if crl is None else LastPublication(crl.number, crl.published_at, is_final=crl.is_last)
