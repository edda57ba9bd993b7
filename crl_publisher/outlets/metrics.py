"""What operators watch of each outlet: does it hold the newest, and does writing to it work."""

from prometheus_client import Counter, Gauge

from .states import OutletState

_LABELS = ["outlet", "path"]
_NUMBER = Gauge("crl_outlet_number", "Number of the CRL that the outlet holds", _LABELS)
_CHECKED = Gauge("crl_outlet_checked_timestamp_seconds", "When the outlet was last found to hold the newest", _LABELS)
_FAILURES = Gauge("crl_outlet_consecutive_failures", "Failed attempts in a row", _LABELS)
_ALARM = Gauge("crl_outlet_alarm", "1 while the outlet does not hold the newest, as far as is known", _LABELS)
_NEXT = Gauge("crl_outlet_next_attempt_timestamp_seconds", "When a failed attempt is repeated; 0 for none", _LABELS)
_FAILED = Counter("crl_outlet_failed_attempts", "Failed attempts of this process", _LABELS)


def record(state: OutletState) -> None:
    """Set the figures of one path at an outlet to its state."""
    labels = (state.outlet, state.path)
    if state.number is not None:
        _NUMBER.labels(*labels).set(state.number)
    if state.checked_at is not None:
        _CHECKED.labels(*labels).set(state.checked_at.timestamp())
    _FAILURES.labels(*labels).set(state.failures)
    _ALARM.labels(*labels).set(1 if state.failures else 0)
    _NEXT.labels(*labels).set(0 if state.next_attempt_at is None else state.next_attempt_at.timestamp())


def failed(state: OutletState) -> None:
    """Count a failed attempt to write a file to an outlet."""
    _FAILED.labels(state.outlet, state.path).inc()
