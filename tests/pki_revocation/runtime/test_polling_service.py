"""The one polling service: whatever a job meets, the loop and the other jobs go on, and log and readiness say it."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.database.lease import Lease
from pki_revocation.errors import ConfigurationError, PkiError, StoreError
from pki_revocation.host.http_client import ExchangeLimits, exchange
from pki_revocation.runtime.item_failures import ItemFailures
from pki_revocation.runtime.polling_service import Job, PollingService
from tests.ocsp_responder.installations import free_ports
from tests.waiting import wait_until

_WAIT_SECONDS = 10
_LIMITS = ExchangeLimits(seconds=_WAIT_SECONDS, octets=10_000)


class Work:
    """A job's work: counts its runs, and raises what it is told to."""

    def __init__(self) -> None:
        """Nothing is wrong."""
        self.error: Exception | None = None
        self.runs = 0
        self.times: list[float] = []

    def __call__(self) -> None:
        """One run."""
        self.runs += 1
        self.times.append(time.monotonic())
        if self.error is not None:
            raise self.error

    def runs_on(self) -> None:
        """Wait until it was done twice more."""
        begin = self.runs
        wait_until(lambda: self.runs >= begin + 2, _WAIT_SECONDS, "another run")


def _nothing_wrong() -> None:
    """The service can work."""


@contextlib.contextmanager
def running(
    jobs: Sequence[Job],
    *,
    ready: Callable[[], None] = _nothing_wrong,
    lease: Lease | None = None,
    longest_pause: float = 0.05,
) -> Iterator[Callable[[], tuple[int, str]]]:
    """A service in a thread until the block ends; gives what asks its /readyz."""
    (port,) = free_ports(1)
    service = PollingService("test", jobs, port=port, ready=ready, lease=lease, longest_pause=longest_pause)
    thread = threading.Thread(target=service.run_here)
    thread.start()

    def readiness() -> tuple[int, str]:
        answer = exchange("GET", f"http://127.0.0.1:{port}/readyz", limits=_LIMITS)
        return answer.status, answer.body.decode().strip()

    try:
        yield readiness
    finally:
        service.stop()
        thread.join(_WAIT_SECONDS)
        assert not thread.is_alive()


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(
    ("error", "says"),
    [
        (StoreError("The database does not answer: gone."), "mail: The database does not answer: gone."),
        (PermissionError(13, "Permission denied", "/arrivals"), "mail: /arrivals: Permission denied."),
        (ValueError("nobody thought of it"), "mail: An unexpected error (ValueError): see the log."),
    ],
)
def test_a_job_that_fails_ends_neither_itself_nor_another(
    *, apart: bool, error: Exception, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is tried again and again; readiness and metrics say it, and the log once, for as long as it lasts."""
    bad, good = Work(), Work()
    with running([Job("mail", bad, every=0.01, apart=apart), Job("backlog", good, every=0.01)]) as readiness:
        good.runs_on()
        assert readiness() == (200, "ready")
        bad.error = error
        bad.runs_on()
        good.runs_on()
        assert readiness() == (503, says)
        assert REGISTRY.get_sample_value("pki_revocation_job_failing", {"service": "test", "job": "mail"}) == 1
        assert REGISTRY.get_sample_value("pki_revocation_job_failing", {"service": "test", "job": "backlog"}) == 0

        bad.error = None
        bad.runs_on()
        assert readiness() == (200, "ready")
        assert REGISTRY.get_sample_value("pki_revocation_job_failing", {"service": "test", "job": "mail"}) == 0
    said = [record for record in caplog.records if record.name.endswith("polling_service")]
    assert [record.levelno for record in said] == [logging.ERROR, logging.WARNING]
    assert (said[0].exc_info is not None) is isinstance(error, ValueError)


def test_a_job_that_fails_backs_off() -> None:
    """Twice as long after each failure, up to the longest pause, and at once as before when it works."""
    bad = Work()
    bad.error = PkiError("no")
    with running([Job("mail", bad, every=0.02)], longest_pause=0.16):
        wait_until(lambda: bad.runs >= 6, _WAIT_SECONDS, "six runs")
    pauses = [after - before for before, after in zip(bad.times, bad.times[1:], strict=False)]
    for pause, least in zip(pauses, (0.02, 0.04, 0.08, 0.16, 0.16), strict=False):
        assert least <= pause < least + 0.15


def test_items_that_fail_are_said_by_readiness() -> None:
    """The job goes on, and /readyz names the item."""
    items = ItemFailures(logging.getLogger("tests"), failing="it cannot be taken", working="it was taken")
    done = Work()

    def take() -> None:
        for name in ("a.pem", "b.pem"):
            with items.attempt(name):
                if name == "a.pem":
                    raise PermissionError(13, "Permission denied", name)
                done()

    with running([Job("folder", take, every=0.01, items=items)]) as readiness:
        done.runs_on()
        assert readiness() == (503, "a.pem: a.pem: Permission denied.")
        gauge = REGISTRY.get_sample_value("pki_revocation_job_items_failing", {"service": "test", "job": "folder"})
        assert gauge == 1


def test_what_else_is_wrong_is_said_too() -> None:
    """Where every job works, and the service could not."""

    def ready() -> None:
        raise PkiError("The CRL lapsed.")

    work = Work()
    with running([Job("publishing", work, every=0.01)], ready=ready) as readiness:
        work.runs_on()
        assert readiness() == (503, "The CRL lapsed.")


def test_one_of_two_works(database: Database) -> None:
    """What needs the lease is done by one process; the other one takes over as soon as it is let go."""

    def lease() -> Lease:
        return Lease(database=database, clock=SystemClock(), length=timedelta(seconds=1), name="test")

    first, second, always = Work(), Work(), Work()
    with contextlib.ExitStack() as second_running:
        with running([Job("mail", first, every=0.01, needs_lease=True)], lease=lease()):
            first.runs_on()
            jobs = [Job("mail", second, every=0.01, needs_lease=True), Job("backlog", always, every=0.01)]
            readiness = second_running.enter_context(running(jobs, lease=lease()))
            always.runs_on()
            assert second.runs == 0
            # One that waits is as ready as can be.
            assert readiness() == (200, "ready")
        second.runs_on()


def test_a_taken_port_is_said() -> None:
    """Before any job runs."""
    work = Work()
    (port,) = free_ports(1)
    first = PollingService("first", [], port=port, ready=_nothing_wrong)
    thread = threading.Thread(target=first.run_here)
    thread.start()
    try:
        wait_until(lambda: _answers(port), _WAIT_SECONDS, "the first service")
        second = PollingService("second", [Job("mail", work)], port=port, ready=_nothing_wrong)
        with pytest.raises(ConfigurationError, match=rf"^The operations port {port} of second is taken: "):
            second.run_here()
        assert work.runs == 0
    finally:
        first.stop()
        thread.join(_WAIT_SECONDS)


def _answers(port: int) -> bool:
    with contextlib.suppress(PkiError):
        return exchange("GET", f"http://127.0.0.1:{port}/healthz", limits=_LIMITS).is_success
    return False
