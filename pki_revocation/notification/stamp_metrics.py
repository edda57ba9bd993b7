"""What operators watch of time stamps: whether they are made, and how many revocations wait for one."""

from datetime import datetime

from prometheus_client import Counter, Gauge

_MADE = Counter("pki_revocation_stamps", "Time stamps that were made over revocations", ["authority"])
_FAILED = Counter("pki_revocation_stamp_failures", "Requests that got no time stamp to be used", ["authority"])
_WAITING = Gauge("pki_revocation_stamps_waiting", "Revocations that wait for a time stamp")
_OLDEST = Gauge(
    "pki_revocation_stamps_oldest_waiting_seconds", "For how long the oldest of them waits; 0 when none does"
)


def made(authority: str) -> None:
    """Count a stamp."""
    _MADE.labels(authority).inc()


def failed(authority: str) -> None:
    """Count a request that got none."""
    _FAILED.labels(authority).inc()


def waiting(count: int, since: datetime | None, now: datetime) -> None:
    """Set how many revocations wait, and for how many seconds the oldest has; *since* is None where none waits."""
    _WAITING.set(count)
    _OLDEST.set(0 if since is None else max(0.0, (now - since).total_seconds()))
