"""How long caches may keep what is published: until the next publication at the earliest, as the schedules say.

Schedules change while services run, so they are read from the database again every few seconds. A service that cannot
read them, because the database is away or not its to read, goes by the last that it knew, and by the configuration.
"""

import time
from collections.abc import Callable, Container, Mapping
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from crl_publisher.outlets.published_files import issuer_names
from crl_publisher.scheduling.entries import read_entries, timeline_of
from crl_publisher.scheduling.schedule import Schedule
from crl_publisher.scheduling.timeline import CrlKind, Timeline, Version
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.errors import PkiError
from pki_revocation.register.issuers import all_issuers

# Design section 2: no answer is kept longer by a cache, whatever the publisher promises.
LONGEST_MAX_AGE = timedelta(seconds=300)
_REMEMBERED_SECONDS = 5.0
_DELTA = "-delta"


class MaxAge:
    """Knows each issuer's next publication."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        seed: Schedule,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*seed* is the configuration's schedule, for issuers whose own is not known."""
        self._database = database
        self._clock = clock
        self._seed = seed
        self._monotonic = monotonic
        self._timelines: Mapping[str, Timeline] = {}
        self._read_at: float | None = None

    def until_next(self, path: str, published_at: datetime) -> timedelta:
        """How long it takes until what is public at *path*, since *published_at*, is followed at the earliest.

        A revocation is followed by a CRL within the schedule's promise, and any CRL by the routine's next run. One that
        is overdue may come at any moment, and is tried again all the time: then the promise alone counts.
        """
        now = self._clock.now()
        known = self._known()
        name, kind = _whose(path, known)
        timeline = known.get(name) or self._seeded(name, published_at)
        promise = timeline.in_force(now).schedule.publish_within
        due = timeline.next_due(published_at, kind)
        return promise if due is None or due <= now else min(promise, due - now)

    def knows(self, path: str) -> bool:
        """Whether what is published at *path* is of an issuer of ours, as far as the database said so."""
        known = self._known()
        return any(name in known for name in issuer_names(path))

    def of_copies(self) -> timedelta:
        """How long caches may keep a copy whose store says so once and for all: the shortest promise there is."""
        now = self._clock.now()
        promises = [timeline.in_force(now).schedule.publish_within for timeline in self._known().values()]
        return min([*promises, LONGEST_MAX_AGE] if promises else [self._seed.publish_within, LONGEST_MAX_AGE])

    def _seeded(self, name: str, published_at: datetime) -> Timeline:
        return Timeline(name, (Version(number=1, effective_from=published_at, schedule=self._seed),))

    def _known(self) -> Mapping[str, Timeline]:
        now = self._monotonic()
        if self._read_at is None or now >= self._read_at + _REMEMBERED_SECONDS:
            self._read_at = now
            try:
                with self._database.read() as connection:
                    self._timelines = {
                        issuer.name: timeline_of(
                            issuer.name, read_entries(connection, issuer), self._seed, self._clock.now()
                        )
                        for issuer in all_issuers(connection)
                    }
            except PkiError:
                # The publisher's own log tells its operator; what is served must not depend on the database.
                pass
        return self._timelines


def _whose(path: str, known: Container[str]) -> tuple[str, CrlKind]:
    """The issuer of crl/NAME.crl, crl/NAME-delta.crl or crl/NAME/PART.crl, and the kind of its CRL."""
    _, name, *parts = PurePosixPath(path).with_suffix("").parts
    last = parts[-1] if parts else name
    # `x-delta` can be an issuer's name too.
    if not last.endswith(_DELTA) or (not parts and name in known):
        return name, CrlKind.COMPLETE
    return name if parts else name.removesuffix(_DELTA), CrlKind.DELTA
