"""The guard in front of number and code: a source that fails too often is turned away before anything is hashed.

It binds sources and never numbers: a right code is never refused for what others do. What it says depends on what was
tried from where, and on nothing that is registered: a number that does not exist is treated as one that does.
"""

import contextlib
from collections.abc import Iterator

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.codes import Pepper
from pki_revocation.database.engine import Database
from pki_revocation.errors import NotRecognised, QuotaLeft, TooManyAttempts
from pki_revocation.model import Channel

from . import metrics
from .bucket_keys import BucketKeyDeriver, BucketKeys
from .client_address import ClientAddress
from .decision import PER_NUMBER, PER_SOURCE, Decision, decide, quota_left
from .denial_cache import DenialCache
from .denial_counter import DenialCounter
from .failure_store import FailureStore
from .hashing_queue import HashingQueue
from .settings import LimitSettings


class RateLimiter:
    """Lets attempts through, or refuses them, and counts those that fail; used by many threads."""

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
        self._store = FailureStore(database=database, audit=audit, limits=self._limits)
        self._deriver = BucketKeyDeriver(pepper)
        self._queue = HashingQueue()
        self._denials = DenialCache()
        self._denial_counter = DenialCounter(database=database, clock=clock, store=self._store)

    @contextlib.contextmanager
    def attempt(self, number: str, source: ClientAddress, channel: Channel) -> Iterator[None]:
        """Inside, number and code are checked; a `NotRecognised` that leaves the block is counted and audited.

        Raises:
            TooManyAttempts: before anything is checked.
            StoreError: when the database does not answer; a failure that cannot be counted is not answered.
        """
        keys = self._deriver.of(number, source)
        try:
            before = self._decide(keys)
            with self._queue.slot(source, is_clean=before.is_clean):
                self._decide(keys)
                try:
                    yield
                except NotRecognised as refusal:
                    refusal.quota_left = self._count_failure(number, source, keys, channel)
                    raise
        except TooManyAttempts:
            metrics.denied()
            self._denial_counter.count(source.network, self._clock.now())
            raise

    def flush(self) -> None:
        """Write, audit and delete what is due now, without waiting for the next second."""
        self._denial_counter.flush()

    def _decide(self, keys: BucketKeys) -> Decision:
        now = self._clock.now()
        for limit, key in ((PER_SOURCE, keys.source), (PER_NUMBER, keys.number_and_source)):
            if (wait := self._denials.retry_after((key,), now)) is not None:
                raise TooManyAttempts(wait, limit)
        with self._database.read() as connection:
            found = self._store.failures(connection, keys, now)
        decision = decide(found, keys, self._limits, now)
        if decision.retry_after is not None:
            self._denials.remember(decision.denied_key, decision.retry_after, now)
            limit = PER_SOURCE if decision.denied_key == keys.source else PER_NUMBER
            raise TooManyAttempts(decision.retry_after, limit)
        return decision

    def _count_failure(self, number: str, source: ClientAddress, keys: BucketKeys, channel: Channel) -> QuotaLeft:
        now = self._clock.now()
        with self._database.write() as connection:
            is_first = self._store.record_failure(connection, number, source, keys, channel, now)
            found = self._store.failures(connection, keys, now)
        metrics.failed()
        if is_first:
            self._denial_counter.schedule_flush()
        return quota_left(found, keys, self._limits, now)
