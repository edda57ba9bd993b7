"""What operators watch, of each issuer and each of its CRLs: is it fresh, does it grow, does publishing work."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import Counter, Gauge

from pki_revocation.model import Issuer

from .health import Alarm, AlarmKind
from .published import PublishedCrl

_NUMBER = Gauge("crl_number", "Number of the CRL that is public", ["issuer", "scope"])
_THIS_UPDATE = Gauge("crl_this_update_timestamp_seconds", "thisUpdate of the CRL that is public", ["issuer", "scope"])
_NEXT_UPDATE = Gauge("crl_next_update_timestamp_seconds", "nextUpdate of the CRL that is public", ["issuer", "scope"])
_AGE = Gauge("crl_age_seconds", "Seconds since the CRL that is public was published", ["issuer", "scope"])
_ENTRIES = Gauge("crl_entries", "Entries of the CRL that is public", ["issuer", "scope"])
_SIZE = Gauge("crl_size_bytes", "Size of the CRL that is public", ["issuer", "scope"])
_LATE = Gauge(
    "crl_uncovered_revocations", "Rows of the journal that the CRL that is public does not cover", ["issuer", "scope"]
)
_PUBLICATIONS = Counter("crl_publications", "CRLs made public by this process", ["issuer"])
_FAILURES = Counter("crl_publication_failures", "Publications that failed, by kind of error", ["issuer", "error"])
_SECONDS = Gauge("crl_last_publication_duration_seconds", "How long the last publication took", ["issuer"])

# What a publication fails with mostly; others begin with their first one.
_KINDS = ("KeyUnavailable", "UnusableKey", "OutletError", "CrlRejected", "StoreError", "OSError", "ClockBehindJournal")

_ACTIVE = Gauge("crl_publisher_active", "1 while this process holds the lease, and publishes")
_DUE = Gauge("crl_next_due_timestamp_seconds", "When the schedule wants the next CRL", ["issuer", "scope"])
_VERSION = Gauge("crl_schedule_version", "The version of the schedule that is in force", ["issuer"])
_CA_END = Gauge("crl_ca_not_after_timestamp_seconds", "When the CA's newest certificate ends", ["issuer"])

_ALARM = Gauge(
    "crl_alarm",
    "1 while something is wrong with a CRL, by what it is (crl_publisher/health.py)",
    ["issuer", "scope", "alarm"],
)


def expect(issuer: str) -> None:
    """Begin an issuer's counters at nothing, so that the first failure is a rise that an alert sees."""
    _PUBLICATIONS.labels(issuer)
    for kind in _KINDS:
        _FAILURES.labels(issuer, kind)


def active(*, holds_lease: bool) -> None:
    """Whether this publisher is the one that works."""
    _ACTIVE.set(holds_lease)


def scheduled(issuer: Issuer, scope: str, next_due: datetime | None, version: int) -> None:
    """What the schedule wants next of a scope, and which version says so; *next_due* is None before the first CRL."""
    if next_due is not None:
        _DUE.labels(issuer.name, scope).set(next_due.timestamp())
    _VERSION.labels(issuer.name).set(version)
    _CA_END.labels(issuer.name).set(issuer.certificate.not_valid_after_utc.timestamp())


def published(crl: PublishedCrl, *, is_complete: bool, seconds: float) -> None:
    """Count a CRL that became public, and set its figures; *seconds* is how long the publication took."""
    _PUBLICATIONS.labels(crl.issuer).inc()
    _SECONDS.labels(crl.issuer).set(seconds)
    if is_complete:
        _record(crl, age_seconds=0, uncovered=0)


def failed(issuer: str, error: Exception) -> None:
    """Count a publication of an issuer's that failed, by the class of its error."""
    _FAILURES.labels(issuer, type(error).__name__).inc()


def observed(
    issuer: str, scope: str, crl: PublishedCrl | None, alarms: Iterable[Alarm], *, now: datetime, uncovered: int
) -> None:
    """What is known of a scope's CRL now: the last one that is recorded, what is wrong, and how many rows it lacks."""
    raised = {alarm.kind for alarm in alarms}
    for kind in AlarmKind:
        _ALARM.labels(issuer, scope, kind.value).set(kind in raised)
    if crl is not None:
        _record(crl, age_seconds=(now - crl.published_at).total_seconds(), uncovered=uncovered)


def _record(crl: PublishedCrl, *, age_seconds: float, uncovered: int) -> None:
    _NUMBER.labels(crl.issuer, crl.scope).set(crl.number)
    _THIS_UPDATE.labels(crl.issuer, crl.scope).set(crl.this_update.timestamp())
    _NEXT_UPDATE.labels(crl.issuer, crl.scope).set(crl.next_update.timestamp())
    _ENTRIES.labels(crl.issuer, crl.scope).set(crl.entries)
    _SIZE.labels(crl.issuer, crl.scope).set(crl.size)
    _AGE.labels(crl.issuer, crl.scope).set(age_seconds)
    _LATE.labels(crl.issuer, crl.scope).set(uncovered)
