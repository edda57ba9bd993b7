"""What one outlet holds and why not, told to the record, the metrics and the log: the alarm of an outlet."""

import logging
import threading
from dataclasses import replace
from datetime import timedelta

from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.errors import StoreError

from . import metrics
from .bringing import HeldCrl
from .states import OutletState, outlet_state, write_outlet_state

_log = logging.getLogger(__name__)


class OutletStateWriter:
    """The states of one outlet; a database that does not answer loses the record, and neither metrics nor log."""

    def __init__(self, name: str, database: Database, clock: Clock) -> None:
        """*name* as in [outlets.NAME]."""
        self._name = name
        self._database = database
        self._clock = clock
        self._known: dict[str, OutletState] = {}
        self._turn = threading.Lock()

    def holds(self, path: str, held: HeldCrl) -> None:
        """Record that the outlet holds the newest version, which is *held*, at *path*."""
        now = self._clock.now()
        before = self._before(path)
        is_same = before.sha256 == held.sha256 and before.held_since is not None
        self._keep(
            replace(
                before,
                number=held.number,
                sha256=held.sha256,
                held_since=before.held_since if is_same else now,
                checked_at=now,
                failures=0,
                next_attempt_at=None,
            )
        )
        if before.failures:
            _log.warning("outlet %s: %s is up to date again, after %d failures", self._name, path, before.failures)

    def failed(self, path: str, why: str, pause: float) -> None:
        """Record *why* the outlet does not hold the newest, or cannot say; the next attempt is *pause* seconds off."""
        now = self._clock.now()
        before = self._before(path)
        state = replace(
            before,
            failures=before.failures + 1,
            failure=why,
            failed_at=now,
            next_attempt_at=now + timedelta(seconds=int(pause)),
        )
        self._keep(state)
        metrics.failed(state)
        _log.error("outlet %s: %s is not up to date, next attempt in %.0f s: %s", self._name, path, pause, why)

    def _before(self, path: str) -> OutletState:
        with self._turn:
            if path not in self._known:
                try:
                    with self._database.read() as connection:
                        self._known[path] = outlet_state(connection, self._name, path)
                except StoreError:
                    return OutletState(outlet=self._name, path=path)
            return self._known[path]

    def _keep(self, state: OutletState) -> None:
        with self._turn:
            self._known[state.path] = state
        metrics.record(state)
        try:
            with self._database.write() as connection:
                write_outlet_state(connection, state)
        except StoreError as error:
            _log.error("outlet %s: what it holds could not be recorded: %s", self._name, error)
