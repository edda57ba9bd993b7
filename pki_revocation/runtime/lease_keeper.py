"""Keeps a lease for as long as a service runs, in a thread of its own: a piece of work may outlast the lease."""

import logging
import threading

from pki_revocation.database.lease import Lease
from pki_revocation.errors import PkiError
from pki_revocation.host.outage_log import OutageLog

_log = logging.getLogger(__name__)
# A lease is renewed so often in its length: it survives one renewal that came to nothing.
_RENEWALS = 3


class LeaseKeeper:
    """Holds a lease for this process, and says whether it is the one of several that does the work."""

    def __init__(self, lease: Lease) -> None:
        """*lease* is not asked for yet."""
        self._lease = lease
        self._held = False
        self._outages = OutageLog(_log, failing="the lease cannot be renewed", working="the lease is renewed again")
        self._thread: threading.Thread | None = None

    @property
    def is_held(self) -> bool:
        """Whether this process does the work now, as far as it knows without asking."""
        return self._lease.is_held

    def start(self, stop: threading.Event) -> None:
        """Ask for the lease now, and renew it in a thread until *stop* is set."""
        self.renew()
        self._thread = threading.Thread(target=self._keep, args=(stop,), name="lease", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Release the lease, so that another process need not wait for its end; once *stop* is set."""
        if self._thread is not None:
            self._thread.join()
        if self._lease.is_held:
            self._lease.release()

    def renew(self) -> None:
        """Take or renew the lease; an error is logged, and does not end the thread.

        A lease that could not be renewed runs out by itself: `Lease.is_held` knows when.
        """
        try:
            held = self._lease.hold()
        except Exception as error:  # noqa: BLE001 - the edge of this thread: a lease is renewed for as long as it runs
            self._outages.failed(self._lease.name, error, traceback=not isinstance(error, PkiError))
            return
        self._outages.worked(self._lease.name)
        if held != self._held:
            says = "this process has the lease now" if held else "another process has the lease, and this one waits"
            _log.info("%s: %s", self._lease.name, says)
        self._held = held

    def _keep(self, stop: threading.Event) -> None:
        while not stop.wait(self._lease.length.total_seconds() / _RENEWALS):
            self.renew()
