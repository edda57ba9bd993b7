"""An import of revocations waits for the CRLs: whatever comes in, the public CRL is some seconds behind the journal.

An import writes faster than the publisher can follow, so that a subscriber who revokes meanwhile would be on the next
CRL only after all that the import had put into the journal before.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select

from pki_revocation import journal
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crls
from pki_revocation.model import Issuer

_log = logging.getLogger(__name__)
# The publisher makes a CRL every three seconds at most; one of a million entries takes it one to three.
_MOST_BEHIND = timedelta(seconds=2)
# A publisher that publishes nothing for a quarter of a minute is not there, or has a schedule that has no need of this.
_LOOKS, _LOOK_SECONDS = 150, 0.1


class PublisherPace:
    """Keeps an import from running ahead of the publisher, where one publishes."""

    def __init__(self, *, database: Database, clock: Clock, sleep: Callable[[float], object] = time.sleep) -> None:
        """*clock* dates the journal; *sleep* waits for seconds."""
        self._database = database
        self._clock = clock
        self._sleep = sleep
        # What the CRLs covered when they were given up, for each issuer.
        self._given_up: dict[int, int] = {}

    def keep(self, issuer: Issuer) -> None:
        """Wait until the issuer's newest CRL lacks nothing that is older than two seconds.

        Raises:
            StoreError: when the database does not answer.
        """
        looks = 0
        while (covered := self._lagging(issuer)) is not None and self._given_up.get(issuer.id) != covered:
            if looks == _LOOKS:
                _log.warning("%s: the CRL does not follow: the import goes on without waiting for it", issuer.name)
                self._given_up[issuer.id] = covered
                return
            self._sleep(_LOOK_SECONDS)
            looks += 1

    def _lagging(self, issuer: Issuer) -> int | None:
        """What the newest complete CRL covers, where it is too far behind; None where it is not, or there is none."""
        newest = select(func.max(crls.c.covers_sequence)).where(
            crls.c.issuer_id == issuer.id, crls.c.base_number.is_(None), crls.c.published_at.is_not(None)
        )
        with self._database.read() as connection:
            covered = connection.execute(newest).scalar_one()
            lacking = None if covered is None else journal.entry_at(connection, issuer.id, covered + 1)
        if lacking is None or self._clock.now() - lacking.recorded_at <= _MOST_BEHIND:
            return None
        return int(covered)
