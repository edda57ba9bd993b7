"""What operators watch of each public address."""

from prometheus_client import Counter, Gauge

from .states import ProbeState

_ALARM = Gauge("crl_probe_alarm", "1 while a relying party would refuse what is at the public address", ["path"])
_PROBED = Gauge("crl_probe_last_run_timestamp_seconds", "When the public address was looked at last", ["path"])
_NUMBER = Gauge("crl_probe_number", "Highest CRL number that was seen at the public address", ["path"])
_FOUND = Counter("crl_probe_findings", "Findings of this process, by kind", ["path", "finding"])


def found(state: ProbeState) -> None:
    """Set the figures of an address that was probed, and count its findings."""
    _ALARM.labels(state.path).set(1 if state.errors else 0)
    _PROBED.labels(state.path).set(state.probed_at.timestamp())
    if state.number is not None:
        _NUMBER.labels(state.path).set(state.number)
    for finding in state.findings:
        _FOUND.labels(state.path, finding.id).inc()
