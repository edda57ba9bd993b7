"""The guard in front of number and code: whoever fails too often is turned away before anything is hashed.

It binds sources and never numbers: a right code is never refused for what others do. What it says depends on what was
tried from where, and on nothing that is registered: a number that does not exist is treated as one that does.
"""

import contextlib
from collections.abc import Iterator

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.codes import Pepper
from pki_revocation.database.engine import Database
from pki_revocation.errors import NotRecognised, TooManyAttempts
from pki_revocation.model import Channel

from . import metrics
from .bucket_keys import SubjectDigests, Subjects
from .client_address import Source
from .decision import Standing, standing
from .denial_cache import RecentRefusals
from .denial_counter import TurnedAway
from .failure_store import Ledger
from .hashing_queue import HashingBudget
from .settings import LimitSettings


class Guard:
    """Lets attempts through, or not, and counts those that fail."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit: AuditTrail,
        pepper: Pepper,
        limits: LimitSettings | None = None,
    ) -> None:
        """On the database that every worker and machine shares; *limits* are the defaults without any."""
        self._database = database
        self._clock = clock
        self._limits = limits or LimitSettings()
        self._ledger = Ledger(database=database, audit=audit, limits=self._limits)
        self._digests = SubjectDigests(pepper)
        self._budget = HashingBudget()
        self._refusals = RecentRefusals()
        self._turned_away = TurnedAway(database=database, clock=clock, ledger=self._ledger)

    @contextlib.contextmanager
    def attempt(self, number: str, source: Source, channel: Channel) -> Iterator[None]:
        """Inside, number and code are looked at; a `NotRecognised` that leaves the block is counted and audited.

        Raises:
            TooManyAttempts: before anything is looked at.
            StoreError: when the database does not answer; a failure that cannot be counted is not answered.
        """
        subjects = self._digests.of(number, source)
        try:
            before = self._standing(subjects)
            with self._budget.turn(source, is_clean=before.is_clean):
                self._standing(subjects)
                try:
                    yield
                except NotRecognised:
                    self._count(number, source, subjects, channel)
                    raise
        except TooManyAttempts:
            metrics.turned_away()
            self._turned_away.count(source.network, self._clock.now())
            raise

    def tidy(self) -> None:
        """Write down, audit and forget what is due now, without waiting for the next second."""
        self._turned_away.write()

    def _standing(self, subjects: Subjects) -> Standing:
        now = self._clock.now()
        if (wait := self._refusals.retry_after((subjects.source, subjects.pair), now)) is not None:
            raise TooManyAttempts(wait)
        with self._database.read() as connection:
            found = self._ledger.failures(connection, subjects, now)
        present = standing(found, subjects, self._limits, now)
        if present.retry_after is not None:
            self._refusals.remember(present.refused, present.retry_after, now)
            raise TooManyAttempts(present.retry_after)
        return present

    def _count(self, number: str, source: Source, subjects: Subjects, channel: Channel) -> None:
        with self._database.write() as connection:
            is_first = self._ledger.record_failure(connection, number, source, subjects, channel, self._clock.now())
        metrics.failed()
        if is_first:
            self._turned_away.tidy_soon()
