"""A service that looks for work again and again: mail that is due, files that arrived, CRLs to be published.

    jobs = [Job("mail", sender.send_due, needs_lease=True), Job("backlog", measure, every=5.0)]
    PollingService("notifier", jobs, port=settings.operations_port, ready=database.check_revision, lease=lease).run()

One error policy for all: whatever a job raises ends neither the loop nor another job. That job backs off, the log says
it once (`host.outage_log`), and /readyz and the metrics say it for as long as it lasts. The same holds inside a job for
its items, by `ItemFailures`: one mail that cannot be made holds up no other one.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pki_revocation.config.settings import LOOPBACK
from pki_revocation.database.lease import Lease
from pki_revocation.errors import PkiError
from pki_revocation.host.back_off import BackOff
from pki_revocation.host.installed import PROGRAM, program_version
from pki_revocation.host.outage_log import OutageLog, in_words

from . import polling_metrics as metrics
from .item_failures import ItemFailures
from .lease_keeper import LeaseKeeper
from .operations import open_operations

_log = logging.getLogger(__name__)
# What was away for a minute, such as a database, is taken up again within seconds of its return.
_LONGEST_PAUSE_SECONDS = 5.0
# A job that is apart may wait for a slow server, and then ends with the process.
_END_SECONDS = 8.0
# The longest run that is not a reason to worry: a million entries are written to a slow outlet.
_STUCK_SECONDS = 900.0


class NotWorking(PkiError):
    """A job of this service fails, or has been at it for too long; the sentence names it."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is done every so many seconds.

    *name* is what log, readiness and metrics call it. With *needs_lease* it is done by the one process that holds the
    service's lease. *apart* gives it a thread of its own, so that nothing waits for it. *items* are those of its items
    that fail.
    """

    name: str
    run: Callable[[], object]
    every: float = 1.0
    needs_lease: bool = False
    apart: bool = False
    items: ItemFailures | None = None


class Companion(Protocol):
    """A part of the service that has threads and a pace of its own beside the jobs."""

    def start(self, stop: threading.Event, may: Callable[[], bool], /) -> None:
        """Work until *stop* is set, while *may* says that this process holds the lease."""
        ...

    def join(self) -> None:
        """Wait for what is under way, once *stop* is set."""
        ...


class PollingService:
    """Runs jobs until it is told to stop."""

    def __init__(  # noqa: PLR0913 - what a service is made of
        self,
        name: str,
        jobs: Sequence[Job],
        *,
        port: int,
        host: str = LOOPBACK,
        ready: Callable[[], None],
        lease: Lease | None = None,
        companions: Sequence[Companion] = (),
        longest_pause: float = _LONGEST_PAUSE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start nothing yet.

        Args:
            name: the service's, in log, readiness and metrics.
            jobs: what is done; those that are not apart take turns in one thread.
            port: the operations port, on *host*.
            host: where /healthz, /readyz and /metrics are answered.
            ready: raises a PkiError for what keeps the service from working beside its jobs.
            lease: decides which of several processes does the jobs that need it.
            companions: run beside the jobs.
            longest_pause: seconds to which the pauses of a job that fails may grow.
            monotonic: gives seconds that never go back.
        """
        self._name = name
        self._host = host
        self._port = port
        self._ready = ready
        self._keeper = None if lease is None else LeaseKeeper(lease)
        self._companions = companions
        self._monotonic = monotonic
        outages = OutageLog(_log, failing="it fails", working="it works again", monotonic=monotonic)
        self._turns = [_Turn(name, job, self._may, outages, longest_pause, monotonic) for job in jobs]
        self._stop = threading.Event()

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, and end between two jobs; from the main thread.

        Raises:
            ConfigurationError: when the operations port is taken.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        self.run_here()

    def run_here(self) -> None:
        """Run until `stop`, without signals; from any thread.

        Raises:
            ConfigurationError: when the operations port is taken.
        """
        operations = open_operations(self._host, self._port, self._name, self.check)
        _log.info(
            "%s listening on %s:%s, for operations alone: %s %s",
            self._name, self._host, operations.port, PROGRAM, program_version(),
        )  # fmt: skip
        apart = [turn for turn in self._turns if turn.job.apart]
        threads = [
            threading.Thread(target=self._loop, args=([turn],), name=turn.job.name, daemon=True) for turn in apart
        ]
        try:
            if self._keeper is not None:
                self._keeper.start(self._stop)
            for companion in self._companions:
                companion.start(self._stop, self._is_ours)
            for thread in threads:
                thread.start()
            self._loop([turn for turn in self._turns if not turn.job.apart])
        finally:
            self._stop.set()
            give_up_at = time.monotonic() + _END_SECONDS
            for thread in threads:
                if thread.ident is not None:
                    thread.join(max(0.0, give_up_at - time.monotonic()))
            for companion in self._companions:
                companion.join()
            if self._keeper is not None:
                self._keeper.end()
            operations.stop()

    def stop(self) -> None:
        """End `run` soon; safe to call from a signal handler and from another thread."""
        self._stop.set()

    def check(self) -> None:
        """Raise what is wrong now: the answer of /readyz.

        Raises:
            NotWorking: naming the jobs and items that fail, with their reasons.
            PkiError: what *ready* raises.
        """
        troubles = [trouble for turn in self._turns for trouble in turn.troubles()]
        if troubles:
            raise NotWorking(" ".join(troubles))
        self._ready()

    def _may(self, job: Job) -> bool:
        return not job.needs_lease or self._is_ours()

    def _is_ours(self) -> bool:
        return self._keeper is None or self._keeper.is_held

    def _loop(self, turns: Sequence["_Turn"]) -> None:
        while not self._stop.is_set():
            for turn in turns:
                if self._stop.is_set():
                    return
                turn.take()
            due = min((turn.due_at for turn in turns), default=float("inf"))
            self._stop.wait(min(max(0.0, due - self._monotonic()), threading.TIMEOUT_MAX))


class _Turn:
    """A job, when it is due, and whether it fails."""

    def __init__(
        self,
        service: str,
        job: Job,
        may: Callable[[Job], bool],
        outages: OutageLog,
        longest_pause: float,
        monotonic: Callable[[], float],
    ) -> None:
        self.job = job
        self.due_at = float("-inf")
        self._service = service
        self._may = may
        self._outages = outages
        self._monotonic = monotonic
        self._back_off = BackOff(first=job.every, longest=max(job.every, longest_pause))
        self._began_at: float | None = None
        self._trouble: str | None = None
        metrics.worked(service, job.name)

    def take(self) -> None:
        """Run the job if it is due and may be done; whatever it raises ends here."""
        begin = self._monotonic()
        if begin < self.due_at:
            return
        self.due_at = begin + self.job.every
        if not self._may(self.job):
            # A failure is told by the process that holds the lease.
            self._works()
            if self.job.items is not None:
                self.job.items.keep(())
            return
        self._began_at = begin
        try:
            self.job.run()
        except Exception as error:  # noqa: BLE001 - the policy: a service goes on whatever one of its jobs meets
            self._trouble = in_words(error)
            self.due_at = self._monotonic() + self._back_off.failed()
            self._outages.failed(self.job.name, error, traceback=not isinstance(error, (PkiError, OSError)))
            metrics.failed(self._service, self.job.name)
        else:
            self.due_at = self._monotonic() + self.job.every
            self._works()
        finally:
            self._began_at = None
            if self.job.items is not None:
                metrics.items_failing(self._service, self.job.name, len(self.job.items.standing()))

    def troubles(self) -> list[str]:
        """The job's own failure and those of its items, a sentence each."""
        found = [] if self._trouble is None else [f"{self.job.name}: {self._trouble}"]
        if self.job.items is not None:
            found += [f"{item}: {sentence}" for item, sentence in self.job.items.standing().items()]
        began_at = self._began_at
        if began_at is not None and self._monotonic() - began_at > _STUCK_SECONDS:
            found.append(f"{self.job.name}: one run goes on for {self._monotonic() - began_at:.0f} s.")
        return found

    def _works(self) -> None:
        if self._trouble is not None:
            self._trouble = None
            self._outages.worked(self.job.name)
            metrics.worked(self._service, self.job.name)
        self._back_off.worked()
