"""When CRLs are published: on a schedule, soon after a revocation, on request, and when what is public is not right.

APScheduler gives the routine its times (ETSI EN 319 411-1 CSS-6.3.9-05). Everything else is a look at the record twice
a second, in time that no clock step touches; it also publishes what the scheduler missed.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from pki_revocation import journal, register
from pki_revocation.clock import Clock
from pki_revocation.database import Database
from pki_revocation.errors import PkiError, StoreError
from pki_revocation.model import Issuer

from . import metrics, requests
from .config import PublisherSettings
from .issuance import CrlIssuance
from .lease import Lease
from .outlets import Outlet
from .scope import FULL
from .store import PublishedCrl, last_published

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 60.0
_MISFIRE_GRACE_SECONDS = 600


@dataclass(slots=True)
class _Watched:
    """What this process knows of one issuer's CRL, beside the record; times are monotonic."""

    is_prepared: bool = False
    is_sound: bool = False
    is_routine_due: bool = False
    failures: int = 0
    not_before: float = 0.0
    published: float | None = None


class PublicationSchedule:
    """Publishes every issuer's CRL as long as this process holds the lease."""

    def __init__(  # noqa: PLR0913 - all that it needs, as arguments
        self,
        *,
        database: Database,
        clock: Clock,
        issuance: CrlIssuance,
        outlet: Outlet,
        lease: Lease,
        settings: PublisherSettings,
        signs: Callable[[Issuer], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*signs* says for which issuers this process has a key."""
        self._database = database
        self._clock = clock
        self._issuance = issuance
        self._outlet = outlet
        self._lease = lease
        self._settings = settings
        self._signs = signs
        self._monotonic = monotonic
        self._watched: dict[str, _Watched] = {}
        self._holds = False
        self._complaint = ""
        self._scheduler = BackgroundScheduler(timezone=UTC)

    def run(self, stop: threading.Event) -> None:
        """Publish until *stop* is set; a publication that was begun is finished, and the lease is let go."""
        heart = threading.Thread(target=self._beat, args=(stop,), name="lease", daemon=True)
        self.renew()
        self._scheduler.start()
        heart.start()
        try:
            while not stop.is_set():
                self.poll()
                stop.wait(_POLL_SECONDS)
        finally:
            self._scheduler.shutdown(wait=True)
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
                issuers = register.all_issuers(connection)
            for issuer in issuers:
                if self._signs(issuer):
                    self._attend(issuer)
                else:
                    self._refuse(issuer)
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
            self.renew()

    def _refuse(self, issuer: Issuer) -> None:
        """Whoever asks for the CRL of a CA whose key is elsewhere need not wait for the answer."""
        with self._database.read() as connection:
            asked = requests.waiting(connection, issuer)
        self._answer(asked, {"error": f"The publisher has no key of {issuer.name}: its CRLs are signed elsewhere."})

    def _attend(self, issuer: Issuer) -> None:
        watched = self._watch(issuer)
        with self._database.read() as connection:
            sequence = journal.read_head(connection, issuer.id).sequence
            last = last_published(connection, issuer)
            asked = requests.waiting(connection, issuer)
        if last is not None:
            age = (self._clock.now() - last.published_at).total_seconds()
            metrics.stands(last, age_seconds=age, uncovered=sequence - last.covers_sequence)
        # Whoever asks is not kept waiting: neither by the pause after a failure, nor by the one between two CRLs.
        if not asked and self._monotonic() < watched.not_before:
            return
        try:
            self._prepare(issuer, watched)
            cause = "requested" if asked else self._cause(issuer, watched, last, sequence)
            if cause is not None:
                self._publish(issuer, watched, asked, cause)
        except PkiError as error:
            self._failed(issuer, watched, asked, error)
        except Exception as error:  # noqa: BLE001 - the edge of this process: see below
            # Whatever it is, the other issuers' CRLs must not lapse with this one's.
            _log.exception("%s: publishing failed in a way that nobody thought of", issuer.name)
            self._failed(issuer, watched, asked, error)

    def _watch(self, issuer: Issuer) -> _Watched:
        """Meet an issuer for the first time: give it its routine."""
        if issuer.name in self._watched:
            return self._watched[issuer.name]
        watched = self._watched[issuer.name] = _Watched()
        self._scheduler.add_job(
            self._mark_routine,
            IntervalTrigger(seconds=int(self._settings.period.total_seconds()), timezone=UTC),
            args=(issuer.name,),
            id=issuer.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=_MISFIRE_GRACE_SECONDS,
            replace_existing=True,
        )
        return watched

    def _mark_routine(self, name: str) -> None:
        if name in self._watched:
            self._watched[name].is_routine_due = True

    def _prepare(self, issuer: Issuer, watched: _Watched) -> None:
        """Once, before anything else is done for an issuer."""
        if not watched.is_prepared:
            self._issuance.prepare(issuer)
            watched.is_sound = self._issuance.stands(issuer)
            watched.is_prepared = True

    def _cause(self, issuer: Issuer, watched: _Watched, last: PublishedCrl | None, sequence: int) -> str | None:
        """Why a CRL is due now, or None."""
        period = self._settings.period
        since = None if watched.published is None else self._monotonic() - watched.published
        if last is None or not self._outlet.exists(FULL.path(issuer)):
            return "none is public"
        if not watched.is_sound:
            return "what is public is not the last one, or lapsed"
        if sequence > last.covers_sequence:
            return "revocation"
        if watched.is_routine_due:
            return "routine"
        if last.published_at + period <= self._clock.now() or (since is not None and since >= period.total_seconds()):
            return "overdue"
        return None

    def _publish(self, issuer: Issuer, watched: _Watched, asked: tuple[int, ...], cause: str) -> None:
        stopwatch = requests.Stopwatch.start()
        started = self._monotonic()
        # A routine that comes due while this one is made is a routine of its own.
        watched.is_routine_due = False
        _log.info("%s: publishing a CRL: %s", issuer.name, cause)
        published = self._issuance.publish(issuer)
        watched.is_sound = True
        watched.failures = 0
        watched.published = self._monotonic()
        watched.not_before = started + self._settings.minimum_interval.total_seconds()
        metrics.published(issuer.name, watched.published - started)
        metrics.stands(published, age_seconds=0, uncovered=0)
        self._answer(asked, stopwatch.answer(published))

    def _failed(self, issuer: Issuer, watched: _Watched, asked: tuple[int, ...], error: Exception) -> None:
        """The alarm, and a pause that doubles with each failure; the last good CRL stays public."""
        watched.failures += 1
        pause = min(2.0**watched.failures, _LONGEST_BACKOFF_SECONDS)
        watched.not_before = self._monotonic() + pause
        metrics.failed(issuer.name, error)
        _log.error("%s: no new CRL, next attempt in %.0f s: %s", issuer.name, pause, error)
        sentence = str(error) if isinstance(error, PkiError) else "The publisher failed: see its log."
        self._answer(asked, {"error": sentence})

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
