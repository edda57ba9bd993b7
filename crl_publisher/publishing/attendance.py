"""One issuer's turn: what is asked for and what is due of its CRLs is published, and requests are answered.

What is due is decided by `scheduling.due`. Versions of the schedule are read from the database at each turn, so that a
new one counts without a restart. One issuer's trouble holds up no other's, and one scope's no other's either.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crl_publisher import metrics
from crl_publisher.errors import CrlRejected, NotLastCrl
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.published import PublishedCrl
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scheduling.due import Cause, Due, DueTracker, LastPublication, ScopeState
from crl_publisher.scheduling.timeline import CrlKind
from crl_publisher.scope import Scope
from pki_revocation.database.engine import Database
from pki_revocation.errors import PkiError
from pki_revocation.model import Issuer

from . import requests
from .observation import DatabaseUnavailable, Observation, Observer
from .requests import Request

_log = logging.getLogger(__name__)
# Whether a file is there is asked at each turn; whether it is the right one, which takes reading it, less often.
_READ_SECONDS = 30.0
# A token is asked for its key this often; a key in a file costs nothing once it is open.
_KEY_SECONDS = 10.0
# What fails every few seconds is said this often.
_SAY_SECONDS = 60.0
Answer = dict[str, object]


@dataclass(slots=True)
class _WatchedScope:
    """What this process knows of one scope beside the record: its pace and pauses, and what was public when it read.

    *failure* is why the last publication that was due failed, *alarm* what relying parties feel of it now.
    """

    watch: DueTracker = field(default_factory=DueTracker)
    reading: Observation | None = None
    read_at: float = 0.0
    failure: str | None = None
    said_at: float = 0.0
    alarm: str | None = None

    def knows(self, found: Observation, monotonic: float) -> bool:
        """Whether what is public was read lately, and nothing was published since."""
        if self.reading is None or monotonic >= self.read_at + _READ_SECONDS:
            return False
        return found.knows_as_much_as(self.reading)


@dataclass(slots=True)
class _WatchedIssuer:
    """What this process knows of an issuer: for which certificates all is in place, its key too, and its scopes."""

    prepared: tuple[Issuer, bytes] | None = None
    watch: DueTracker = field(default_factory=DueTracker)
    failure: str | None = None
    said_at: float = 0.0
    key_failure: str | None = None
    key_tried_at: float = float("-inf")
    scopes: dict[str, _WatchedScope] = field(default_factory=dict)


class Attendance:
    """Attends to issuers whose keys are here; the caller holds the lease."""

    def __init__(
        self,
        *,
        database: Database,
        book: ScheduleBook,
        issuance: CrlIssuance,
        observer: Observer,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*monotonic* is a clock in seconds that cannot be set."""
        self._database = database
        self._book = book
        self._issuance = issuance
        self._observer = observer
        self._monotonic = monotonic
        self._watched: dict[str, _WatchedIssuer] = {}

    def forget(self) -> None:
        """Begin anew: another process may have published."""
        self._watched.clear()

    def standing(self) -> dict[str, str]:
        """What fails now, each with its reason as a sentence: keys, CRLs that are due, and CRLs that are not well."""
        found = {}
        for name, issuer in list(self._watched.items()):
            for what, sentence in (("issuer", issuer.failure), ("key of", issuer.key_failure)):
                if sentence is not None:
                    found[f"{what} {name}"] = sentence
            for scope, own in list(issuer.scopes.items()):
                sentence = own.failure or own.alarm
                if sentence is not None:
                    found[f"{scope} CRL of {name}"] = sentence
        return found

    def attend(self, issuer: Issuer) -> None:
        """Publish what is asked for by scope, or else all that is due, and answer who asks.

        Raises:
            StoreError: when the database does not answer; nothing had been begun.
        """
        with self._database.read() as connection:
            asked = requests.waiting(connection, issuer)
            scopes = self._issuance.scopes(connection, issuer)
        answers = self._turn(issuer, asked, scopes)
        if answers:
            with self._database.write() as connection:
                requests.answer(connection, answers)

    def refuse(self, issuer: Issuer, sentence: str) -> None:
        """Answer an issuer's requests with the sentence why no CRL will come, so that callers do not wait for one.

        Raises:
            StoreError: when the database does not answer.
        """
        with self._database.read() as connection:
            asked = requests.waiting(connection, issuer)
        if asked:
            with self._database.write() as connection:
                requests.answer(connection, {each.id: {"error": sentence} for each in asked})

    def _turn(self, issuer: Issuer, asked: Sequence[Request], scopes: Sequence[Scope]) -> dict[int, Answer]:
        """The answers to one issuer's requests; what goes wrong with its key or schedule stops no other issuer."""
        watched = self._watched.setdefault(issuer.name, _WatchedIssuer())
        now_so = (issuer, self._issuance.certificate_in_use(issuer))
        if watched.prepared not in {None, now_so}:
            # A renewed CA begins anew, at its new certificate's arrival and when that begins to be valid: what failed
            # for want of a valid certificate is tried at once.
            watched = self._watched[issuer.name] = _WatchedIssuer()
        self._try_key(issuer, watched)
        if watched.prepared is None:
            if not asked and self._monotonic() < watched.watch.not_before:
                return {}
            failure = self._tried(issuer, watched, lambda: self._prepare(issuer, watched))
            if failure is not None:
                return {each.id: failure for each in asked}
        named = [each for each in asked if each.scope is not None]
        # What is asked for by name comes first, and alone: the rest of the schedule follows half a second later.
        if named:
            return self._named(issuer, watched, named, scopes)
        given = [self._attend(issuer, scope, watched, asked) for scope in scopes]
        answers = [answer for answer in given if answer is not None]
        # An error of any scope is what must be known; otherwise the first scope's CRL is the answer.
        answers.sort(key=lambda answer: "error" not in answer)
        answer: Answer = next(iter(answers), {"error": f"Every CRL of {issuer.name} is its last one: none can follow."})
        return {each.id: answer for each in asked}

    def _prepare(self, issuer: Issuer, watched: _WatchedIssuer) -> None:
        """Prepare an issuer in this process, before anything else is done for it."""
        self._book.begin(issuer)
        self._issuance.prepare(issuer)
        watched.prepared = issuer, self._issuance.certificate_in_use(issuer)
        watched.failure = None

    def _named(
        self, issuer: Issuer, watched: _WatchedIssuer, named: Sequence[Request], scopes: Sequence[Scope]
    ) -> dict[int, Answer]:
        """The answers to requests by scope: one CRL for all alike, a last and an ordinary one one after the other."""
        known = {scope.name for scope in scopes}
        sentence = f"{issuer.name} has no CRL of that scope; there are: {', '.join(scope.name for scope in scopes)}."
        answers: dict[int, Answer] = {each.id: {"error": sentence} for each in named if each.scope not in known}
        for scope in scopes:
            mine = [each for each in named if each.scope == scope.name]
            alike = [each for each in mine if each.is_last is mine[0].is_last]
            if alike:
                last = f"The {scope.name} CRL of {issuer.name} is its last one: none can follow it."
                answer = self._attend(issuer, scope, watched, alike) or {"error": last}
                answers |= {each.id: answer for each in alike}
        return answers

    def _attend(self, issuer: Issuer, scope: Scope, watched: _WatchedIssuer, asked: Sequence[Request]) -> Answer | None:
        """Publish one scope's CRL if it is due; the answer to who asks, None where only a last CRL could be named."""
        own = watched.scopes.setdefault(scope.name, _WatchedScope())
        return self._tried(issuer, own, lambda: self._publish_if_due(issuer, scope, own, asked))

    def _publish_if_due(
        self, issuer: Issuer, scope: Scope, own: _WatchedScope, asked: Sequence[Request]
    ) -> Answer | None:
        found, state = self._observed(issuer, scope, own, is_asked=bool(asked))
        own.watch.promptly = found.timeline.in_force(found.now).schedule.publish_within.total_seconds()
        own.alarm = next((alarm.says for alarm in found.alarms if alarm.is_late), None)
        metrics.observed(
            issuer.name, scope.name, found.complete, found.alarms, now=found.now, uncovered=found.uncovered.count
        )
        metrics.scheduled(issuer, scope.name, found.next_due, found.timeline.in_force(found.now).number)
        due = own.watch.due(found.timeline, state)
        if due is None:
            if not own.watch.is_held(state):
                own.failure = None
            return None
        return self._publish(found, state, own, due, is_last=any(each.is_last for each in asked))

    def _observed(
        self, issuer: Issuer, scope: Scope, own: _WatchedScope, *, is_asked: bool
    ) -> tuple[Observation, ScopeState]:
        """The scope as it is now; what is public is read again where that was long ago and may make a CRL due."""
        found, monotonic = self._observer.observe(issuer, scope), self._monotonic()
        state = found.state(monotonic, is_asked=is_asked)
        if own.knows(found, monotonic) and own.reading is not None:
            found = found.with_reading_of(own.reading)
        elif own.watch.is_held(state):
            return found, state
        else:
            # Before it is tried, so that an outlet that cannot be read is not tried twice a second.
            own.read_at = monotonic
            found = own.reading = self._observer.read(found)
        return found, found.state(monotonic, is_asked=is_asked)

    def _publish(
        self, found: Observation, state: ScopeState, own: _WatchedScope, due: Due, *, is_last: bool
    ) -> Answer | None:
        issuer, scope = found.issuer, found.scope
        stopwatch = requests.Stopwatch.start()
        started = self._monotonic()
        _log.info("%s: publishing a %s CRL: %s", issuer.name, due.kind, due.cause)
        interval = found.timeline.in_force(state.now).schedule.minimum_interval
        published: PublishedCrl | None
        if due.kind is CrlKind.DELTA:
            published = self._issuance.publish_delta(issuer, scope)
        else:
            try:
                published = self._issuance.publish(issuer, scope, last=is_last and due.cause is Cause.REQUESTED)
            except NotLastCrl as refused:
                # The request was wrong, and nothing else is: no alarm, and no pause for the schedule.
                _log.error("%s: the last %s CRL that was asked for: %s", issuer.name, scope.name, refused)
                return {"error": str(refused)}
        if published is None:
            # A delta refers to a complete CRL, and there is none yet.
            own.watch.held_back(state, interval)
            return None
        own.failure = own.alarm = None
        own.watch.succeeded(due, LastPublication(published.number, published.published_at), state, interval)
        metrics.published(published, is_complete=due.kind is CrlKind.COMPLETE, seconds=self._monotonic() - started)
        return stopwatch.answer(published)

    def _try_key(self, issuer: Issuer, watched: _WatchedIssuer) -> None:
        """Whether the key is there is looked at now and then, and not only when a CRL is due."""
        if self._monotonic() < watched.key_tried_at + _KEY_SECONDS:
            return
        watched.key_tried_at = self._monotonic()
        try:
            self._issuance.try_key(issuer)
        except PkiError as error:
            watched.key_failure = str(error)
        else:
            watched.key_failure = None

    def _tried(
        self, issuer: Issuer, watched: _WatchedIssuer | _WatchedScope, act: Callable[[], Answer | None]
    ) -> Answer | None:
        """Run *act* and give its answer, or the one that says what went wrong.

        Raises:
            DatabaseUnavailable: when nothing could be begun.
        """
        try:
            return act()
        except DatabaseUnavailable:
            raise
        except PkiError as error:
            return self._failed(issuer, watched, error)
        except Exception as error:  # noqa: BLE001 - the edge of this process: see below
            # Whatever it is, the other CRLs must not lapse with this one.
            _log.exception("%s: publishing failed: unexpected error", issuer.name)
            return self._failed(issuer, watched, error)

    def _failed(self, issuer: Issuer, watched: _WatchedIssuer | _WatchedScope, error: Exception) -> Answer:
        """Raise the alarm, pause twice as long each time, and give the answer; the last good CRL stays public."""
        sentence = str(error) if isinstance(error, PkiError) else "The publisher failed: see its log."
        is_new = sentence != watched.failure or self._monotonic() >= watched.said_at + _SAY_SECONDS
        watched.failure = sentence
        # A CRL that the gate rejects is made in vain each time, and that may take a while.
        pause = watched.watch.failed(self._monotonic(), may_pass=not isinstance(error, CrlRejected))
        metrics.failed(issuer.name, error)
        if is_new:
            watched.said_at = self._monotonic()
            _log.error("%s: no new CRL, next attempt in %.0f s: %s", issuer.name, pause, error)
        return {"error": sentence}
