"""One outlet that follows the installation's folder: brought up to date after each publication, and checked in between.

What fails is tried again after a pause that doubles, with jitter, and then with what is newest by that time. Several
threads work for one outlet, one of them for paths that failed before, so that one that hangs holds up no other; and no
outlet holds up another, or the publisher.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from pki_revocation.errors import PkiError

from .bringing import HeldCrl, OutletSync
from .directory import DirectoryOutlet, Identity
from .keeping import OutletStateWriter

_log = logging.getLogger(__name__)
_SCAN_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 300.0
_WORKERS = 3


@dataclass(slots=True)
class _Followed:
    """One path: the version that is there to be brought, and when it is looked at again, in monotonic time."""

    identity: Identity
    due: float
    failures: int = 0
    is_busy: bool = False


class Mirror:
    """Keeps one outlet equal to the origin."""

    def __init__(  # noqa: PLR0913 - all that it needs, as arguments
        self,
        *,
        name: str,
        origin: DirectoryOutlet,
        sync: OutletSync,
        record: OutletStateWriter,
        check: timedelta,
        jitter: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """*check* is how often what needs nothing is compared; *jitter* gives a number from 0 to 1."""
        self.name = name
        self._origin = origin
        self._sync = sync
        self._record = record
        self._check = check.total_seconds()
        self._jitter = jitter
        self._monotonic = monotonic
        self._followed: dict[str, _Followed] = {}
        self._may_write = False
        self._is_woken = False
        self._changed = threading.Condition()

    def start(self, stop: threading.Event, may_write: Callable[[], bool]) -> list[threading.Thread]:
        """Follow the origin until *stop* is set, while *may_write* says so; give the threads that do it."""
        threads = [threading.Thread(target=self._watch, args=(stop, may_write), daemon=True)]
        threads += [
            threading.Thread(target=self._work, args=(stop, is_retry), daemon=True)
            for is_retry in (*(False,) * _WORKERS, True)
        ]
        for thread in threads:
            thread.name = f"outlet {self.name}"
            thread.start()
        return threads

    def wake(self) -> None:
        """Look at the origin now, because something was published or it is time to end. Never waits and never fails."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def scan(self) -> None:
        """Note which versions the origin has now; a new one is due at once, unless its path is failing.

        Raises:
            OutletError: when the origin cannot be read.
        """
        contents = self._origin.contents()
        now = self._monotonic()
        with self._changed:
            for path in self._followed.keys() - contents.keys():
                del self._followed[path]
            for path, identity in contents.items():
                followed = self._followed.setdefault(path, _Followed(identity, now))
                if followed.identity != identity:
                    followed.identity = identity
                    # What fails keeps its pause: many publications are no reason to storm a server that is down.
                    if not followed.failures:
                        followed.due = now
            self._changed.notify_all()

    def catch_up(self) -> None:
        """Bring everything up to date once, in this thread: for a process that publishes once and ends.

        Raises:
            OutletError: when the origin cannot be read; what fails at the outlet is recorded.
        """
        self.scan()
        for path, followed in sorted(self._followed.items()):
            self._attend(path, followed)

    def attend_due(self, *, is_retry: bool) -> float:
        """Bring one path up to date that is due; give the seconds until there may be another."""
        with self._changed:
            now = self._monotonic()
            waiting = [
                (followed.due, path)
                for path, followed in self._followed.items()
                if not followed.is_busy and bool(followed.failures) == is_retry
            ]
            due, path = min(waiting, default=(now + _SCAN_SECONDS, ""))
            if due > now:
                return due - now
            followed = self._followed[path]
            followed.is_busy = True
        self._attend(path, followed)
        return 0

    def _watch(self, stop: threading.Event, may_write: Callable[[], bool]) -> None:
        while not stop.is_set():
            try:
                is_allowed = may_write()
                if is_allowed and not self._may_write:
                    # Another process may have written meanwhile, or this one before it ended: look at everything.
                    with self._changed:
                        self._followed = {}
                self._may_write = is_allowed
                if is_allowed:
                    self.scan()
            except PkiError as error:
                _log.error("outlet %s: %s", self.name, error)
            with self._changed:
                self._changed.wait_for(lambda: self._is_woken, _SCAN_SECONDS)
                self._is_woken = False

    def _work(self, stop: threading.Event, is_retry: bool) -> None:  # noqa: FBT001 - a thread's argument
        while not stop.is_set():
            seconds = self.attend_due(is_retry=is_retry) if self._may_write else _SCAN_SECONDS
            with self._changed:
                if seconds > 0 and not stop.is_set():
                    self._changed.wait(min(seconds, _SCAN_SECONDS))

    def _attend(self, path: str, followed: _Followed) -> None:
        identity = followed.identity
        held, failure = self._try(path)
        with self._changed:
            followed.is_busy = False
            if failure is None:
                followed.failures = 0
                pause = self._check if followed.identity == identity else 0.0
            else:
                followed.failures += 1
                pause = min(2.0**followed.failures, _LONGEST_PAUSE_SECONDS) * (1 + self._jitter()) / 2
            followed.due = self._monotonic() + pause
        if failure is not None:
            self._record.failed(path, failure, pause)
        elif held is not None:
            self._record.holds(path, held)

    def _try(self, path: str) -> tuple[HeldCrl | None, str | None]:
        """What the outlet holds now, or in a sentence why that is not the newest."""
        try:
            return self._sync.run(path), None
        except PkiError as error:
            return None, str(error)
        except Exception:  # noqa: BLE001 - the edge of this outlet: see below
            # A client library's own: the other paths go on, and this one is tried again.
            _log.exception("outlet %s: %s failed: unexpected error", self.name, path)
            return None, "Unexpected error: see the log."
