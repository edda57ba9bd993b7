"""One machine, all services: each in a process of its own, started again whenever it ends, and ended together.

No service ends another. One that ends, or cannot start, is started again with pauses that grow to half a minute and
begin anew once it stayed up; the log says why, once, and `doctor` reads it in `services.json`.

The children share a process group that is not the terminal's, so that Ctrl-C reaches the supervisor alone and the
children end in order; whatever is left of the group after that is killed.
"""

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path

from pki_revocation.host.back_off import BackOff
from pki_revocation.host.outage_log import OutageLog

from .child_process import ChildProcess
from .service_states import ServiceState, StateFile

_log = logging.getLogger(__name__)
_STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """Seconds: the *first* pause before a service is started again, the *longest*, and when it has *lived_well*."""

    first: float = 0.25
    longest: float = 30.0
    lived_well: float = 30.0


@dataclass(slots=True)
class _Service:
    """A service that is supervised: its process, or when that is started next."""

    name: str
    act: Callable[[], None]
    back_off: BackOff
    child: ChildProcess | None = None
    due_at: float = field(default_factory=time.monotonic)
    reason: str | None = None

    @property
    def state(self) -> ServiceState:
        return ServiceState(
            name=self.name,
            process=None if self.child is None else self.child.pid,
            ended=self.back_off.failures,
            reason=self.reason,
        )


class Supervisor:
    """Starts services as child processes and keeps them running until it is stopped; used by one thread alone."""

    def __init__(
        self, services: Mapping[str, Callable[[], None]], *, directory: Path, pauses: Pauses | None = None
    ) -> None:
        """*services* are what runs in each process, by name; *directory* takes the file with their states."""
        chosen = pauses or Pauses()
        self._services = [
            _Service(
                name,
                act,
                BackOff(first=chosen.first, longest=chosen.longest, lived_well=chosen.lived_well),
            )
            for name, act in services.items()
        ]
        self._lived_well = chosen.lived_well
        self._states = StateFile(directory)
        self._outages = OutageLog(
            _log, failing="it has ended, and is started again until it stays up", working="it stays up"
        )
        self._group = 0
        self._stopping = False
        self._woken, self._waking = os.pipe()
        os.set_blocking(self._waking, False)

    def run(self) -> None:
        """Keep the services running until `request_stop` is called, then end them; once.

        Raises:
            CannotFork: when this process has another thread.
        """
        try:
            while not self._stopping:
                self._start_due()
                self._wait()
        finally:
            self._stop()

    def request_stop(self) -> None:
        """End `run`; safe to call from a signal handler."""
        self._stopping = True
        with contextlib.suppress(OSError):
            os.write(self._waking, b".")

    def _start_due(self) -> None:
        changed = False
        for service in self._services:
            if self._stopping:
                return
            if service.child is None and time.monotonic() >= service.due_at:
                service.child = ChildProcess(service.act, group=self._group)
                service.child.start()
                with contextlib.suppress(ProcessLookupError):
                    self._group = os.getpgid(service.child.pid)
                changed = True
        if changed:
            self._write()

    def _wait(self) -> None:
        """Until a service ends, has lived well, or is to be started, or a signal comes."""
        now = time.monotonic()
        alarms = [service.due_at for service in self._services if service.child is None]
        alarms += [
            service.child.born + self._lived_well
            for service in self._services
            if service.child is not None and service.back_off.failures
        ]
        seconds = max(0.0, min(alarms) - now) if alarms else None
        children = {service.child.sentinel: service for service in self._services if service.child is not None}
        for ready in wait([*children, self._woken], seconds):
            if ready in children:
                self._has_ended(children[ready])
        self._see_who_lives_well()

    def _has_ended(self, service: _Service) -> None:
        child = service.child
        if child is None:
            return
        child.wait()
        status, words = child.end()
        service.child = None
        if self._stopping:
            return
        service.reason = words
        pause = service.back_off.ended(time.monotonic() - child.born)
        service.due_at = time.monotonic() + pause
        self._outages.failed(service.name, words)
        _log.debug("%s ended with status %s, and is started again in %.1f s", service.name, status, pause)
        self._write()

    def _see_who_lives_well(self) -> None:
        changed = False
        for service in self._services:
            child = service.child
            if child is None or not service.back_off.failures:
                continue
            if time.monotonic() - child.born >= self._lived_well:
                service.back_off.worked()
                service.reason = None
                self._outages.worked(service.name)
                changed = True
        if changed:
            self._write()

    def _write(self) -> None:
        self._states.write({service.name: service.state for service in self._services})

    def _stop(self) -> None:
        """End all services: SIGTERM, a while to finish, then SIGKILL for the rest of the group."""
        children = [(service, service.child) for service in self._services if service.child is not None]
        for _, child in children:
            child.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for service, child in children:
            if not child.wait(max(0.1, deadline - time.monotonic())):
                _log.warning("%s did not end in %.0f seconds: it is killed", service.name, _STOP_SECONDS)
                child.kill()
        if self._group:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, signal.SIGKILL)
        for service, child in children:
            child.wait()
            child.end()
            service.child = None
        self._states.remove()
