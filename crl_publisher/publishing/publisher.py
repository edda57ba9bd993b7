"""The running publisher: looks twice a second at schedules, journals and requests, and publishes what is due.

What is due is decided by `scheduling.due`. Versions of the schedule are read from the database at each look, so that a
new one counts without a restart. One issuer's trouble holds up no other's, and one scope's no other's either.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from crl_publisher import metrics
from crl_publisher.config import PublisherSettings
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.offline.alarms import OfflineAlarms
from crl_publisher.outlets import Outlet
from crl_publisher.scheduling.book import ScheduleBook
from crl_publisher.scheduling.due import Due, DueTracker, LastPublication
from crl_publisher.scheduling.timeline import CrlKind
from crl_publisher.scope import Scope
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.database.lease import Lease
from pki_revocation.errors import PkiError, StoreError
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers

from . import requests
from .named_publication import publish_named, refuse_named
from .observation import DatabaseUnavailable, Observation, Observer, WatchedScope

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.5


@dataclass(slots=True)
class _WatchedIssuer:
    """What this process knows of an issuer: whether everything is in place, and its scopes by name."""

    is_prepared: bool = False
    watch: DueTracker = field(default_factory=DueTracker)
    scopes: dict[str, WatchedScope] = field(default_factory=dict)


class Publisher:
    """Publishes every issuer's CRLs as long as this process holds the lease."""

    def __init__(  # noqa: PLR0913 - all that it needs, as arguments
        self,
        *,
        database: Database,
        clock: Clock,
        book: ScheduleBook,
        issuance: CrlIssuance,
        outlet: Outlet,
        lease: Lease,
        settings: PublisherSettings,
        signs: Callable[[Issuer], bool],
        offline_alarms: OfflineAlarms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*signs* says for which issuers this process has a key, *offline_alarms* watches the others' CRLs."""
        self._database = database
        self._book = book
        self._issuance = issuance
        self._lease = lease
        self._settings = settings
        self._signs = signs
        self._offline_alarms = offline_alarms
        self._monotonic = monotonic
        self._observer = Observer(
            database=database, clock=clock, book=book, issuance=issuance, outlet=outlet, monotonic=monotonic
        )
        self._watched: dict[str, _WatchedIssuer] = {}
        self._holds = False
        self._complaint = ""

    def run(self, stop: threading.Event) -> None:
        """Publish until *stop* is set; a publication that was begun is finished, and the lease is let go."""
        heart = threading.Thread(target=self._beat, args=(stop,), name="lease", daemon=True)
        self.renew()
        heart.start()
        try:
            while not stop.is_set():
                self.poll()
                stop.wait(_POLL_SECONDS)
        finally:
            stop.set()
            heart.join()
            if self._holds:
                self._lease.release()

    def poll(self) -> None:
        """Look once at every issuer, and publish what is due."""
        if not self._holds:
            # Whoever published meanwhile may have left anything behind: look again from the beginning.
            self._watched.clear()
            return
        try:
            with self._database.read() as connection:
                issuers = all_issuers(connection)
            for issuer in issuers:
                self.attend(issuer)
            self._complaint = ""
        except StoreError as error:
            self._complain(error)

    def renew(self) -> None:
        """Take or keep the lease; what is not kept is noticed by the next look."""
        try:
            holds = self._lease.hold()
        except PkiError as error:
            # Without a database nobody else can have it either, and nothing can be published.
            self._complain(error)
            return
        if holds != self._holds:
            _log.info("this process %s", "publishes from now on" if holds else "waits: another one publishes")
        self._holds = holds

    def _beat(self, stop: threading.Event) -> None:
        """Keep the lease, also while a publication takes longer than it lasts."""
        while not stop.wait(self._settings.lease.total_seconds() / 3):
            try:
                self.renew()
            except Exception:  # noqa: BLE001 - the edge of this thread
                # A publisher whose lease ends while it believes to have it is worse than any error here.
                _log.exception("the lease could not be renewed: unexpected error")
                self._holds = False

    def _refuse(self, issuer: Issuer) -> None:
        """Whoever asks for the CRL of a CA whose key is elsewhere need not wait for the answer."""
        with self._database.read() as connection:
            asked = requests.waiting(connection, issuer)
        sentence = f"The publisher has no key of {issuer.name}: its CRLs are signed elsewhere."
        self._answer(asked, {"error": sentence})
        refuse_named(self._database, issuer, sentence)
        try:
            self._offline_alarms.check(issuer)
        except PkiError as error:
            self._complain(error)

    def attend(self, issuer: Issuer) -> None:
        """Publish what is due of one issuer, and answer whoever asks; whoever calls this holds the lease.

        Raises:
            StoreError: when the database does not answer; nothing had been begun.
        """
        if self._signs(issuer):
            self._attend(issuer)
        else:
            self._refuse(issuer)

    def _attend(self, issuer: Issuer) -> None:
        """One issuer: whatever goes wrong is its own, and its schedule's trouble stops it like its key's."""
        watched = self._watched.setdefault(issuer.name, _WatchedIssuer())
        with self._database.read() as connection:
            asked = requests.waiting(connection, issuer)
            named = requests.waiting_by_name(connection, issuer)
            scopes = self._issuance.scopes(connection, issuer)
        if not watched.is_prepared:
            if not asked and not named and self._monotonic() < watched.watch.not_before:
                return
            failure = self._tried(issuer, watched.watch, lambda: self._prepare(issuer, watched))
            if failure is not None:
                self._answer(asked, failure)
                refuse_named(self._database, issuer, str(failure["error"]))
                return
        if named:
            failure = self._tried(issuer, watched.watch, lambda: self._publish_named(issuer))
            if failure is not None:
                refuse_named(self._database, issuer, str(failure["error"]))
            # What was public a moment ago may not be any more: the next look sees it.
            return
        answers = [self._attend_scope(issuer, scope, watched, is_asked=bool(asked)) for scope in scopes]
        given = [answer for answer in answers if answer is not None]
        if given:
            # An error of any scope is what whoever asks must know; otherwise the first scope's CRL.
            self._answer(asked, next((answer for answer in given if "error" in answer), given[0]))
        elif asked:
            # Only a scope whose last CRL is out is silent when somebody asks.
            self._answer(asked, {"error": f"Every CRL of {issuer.name} is its last one: none can follow."})

    def _publish_named(self, issuer: Issuer) -> None:
        publish_named(self._database, self._issuance, issuer)

    def _prepare(self, issuer: Issuer, watched: _WatchedIssuer) -> None:
        """Once, before anything else is done for an issuer."""
        self._book.begin(issuer)
        self._issuance.prepare(issuer)
        watched.is_prepared = True

    def _attend_scope(
        self, issuer: Issuer, scope: Scope, watched: _WatchedIssuer, *, is_asked: bool
    ) -> dict[str, object] | None:
        """Publish one scope's CRL if it is due; give the answer to whoever asks, when there is one."""
        own = watched.scopes.setdefault(scope.name, WatchedScope())
        return self._tried(
            issuer,
            own.watch,
            lambda: self._publish_if_due(self._observer.observe(issuer, scope, own, is_asked=is_asked), own),
        )

    def _publish_if_due(self, observation: Observation, own: WatchedScope) -> dict[str, object] | None:
        if own.needs_verification(observation.state):
            observation = self._observer.verify(observation, own)
        due = own.watch.due(observation.timeline, observation.state)
        return None if due is None else self._publish(observation, own, due)

    def _tried(
        self, issuer: Issuer, watch: DueTracker, act: Callable[[], dict[str, object] | None]
    ) -> dict[str, object] | None:
        """Do it; give its answer, or the one that says what went wrong."""
        try:
            return act()
        except DatabaseUnavailable:
            raise
        except PkiError as error:
            return self._failed(issuer, watch, error)
        except Exception as error:  # noqa: BLE001 - the edge of this process: see below
            # Whatever it is, the other CRLs must not lapse with this one.
            _log.exception("%s: publishing failed: unexpected error", issuer.name)
            return self._failed(issuer, watch, error)

    def _publish(self, observation: Observation, own: WatchedScope, due: Due) -> dict[str, object] | None:
        issuer, scope = observation.issuer, observation.scope
        stopwatch = requests.Stopwatch.start()
        started = self._monotonic()
        _log.info("%s: publishing a %s CRL: %s", issuer.name, due.kind, due.cause)
        if due.kind is CrlKind.DELTA:
            published = self._issuance.publish_delta(issuer, scope)
            own.is_delta_sound = True
        else:
            published = self._issuance.publish(issuer, scope)
            own.is_sound = own.is_delta_sound = True
        interval = observation.timeline.in_force(observation.state.now).schedule.minimum_interval
        if published is None:
            # A delta refers to a complete CRL, and there is none yet.
            own.watch.held_back(observation.state, interval)
            return None
        own.watch.succeeded(due, LastPublication(published.number, published.published_at), observation.state, interval)
        metrics.published(issuer.name, self._monotonic() - started)
        if due.kind is CrlKind.COMPLETE:
            metrics.record(published, age_seconds=0, uncovered=0)
        return stopwatch.answer(published)

    def _failed(self, issuer: Issuer, watch: DueTracker, error: Exception) -> dict[str, object]:
        """The alarm, and a pause that doubles with each failure; the last good CRL stays public."""
        sentence = str(error) if isinstance(error, PkiError) else "The publisher failed: see its log."
        pause = watch.failed(self._monotonic())
        metrics.failed(issuer.name, error)
        _log.error("%s: no new CRL, next attempt in %.0f s: %s", issuer.name, pause, error)
        return {"error": sentence}

    def _answer(self, asked: tuple[int, ...], value: dict[str, object]) -> None:
        if not asked:
            return
        try:
            with self._database.write() as connection:
                requests.answer(connection, asked, value)
        except StoreError as error:
            self._complain(error)

    def _complain(self, error: PkiError) -> None:
        """Say it once, not twice a second."""
        if str(error) != self._complaint:
            self._complaint = str(error)
            _log.error("publishing waits: %s", error)
