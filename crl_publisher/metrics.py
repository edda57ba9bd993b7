"""What operators watch, of each issuer and each of its CRLs: is it fresh, does it grow, does publishing work."""

from prometheus_client import Counter, Gauge

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

_ELSEWHERE = Gauge(
    "crl_offline_alarm",
    "1 while a CRL that is signed elsewhere is missing, near its end, or behind the journal",
    ["issuer", "scope", "alarm"],
)


def published(issuer: str, seconds: float) -> None:
    """A CRL became public."""
    _PUBLICATIONS.labels(issuer).inc()
    _SECONDS.labels(issuer).set(seconds)


def failed(issuer: str, error: Exception) -> None:
    """A publication failed."""
    _FAILURES.labels(issuer, type(error).__name__).inc()


def offline_alarm(issuer: str, scope: str, alarm: str, *, is_raised: bool) -> None:
    """Whether a CRL that is signed elsewhere has this alarm."""
    _ELSEWHERE.labels(issuer, scope, alarm).set(is_raised)


def record(crl: PublishedCrl, *, age_seconds: float, uncovered: int) -> None:
    """What is public now."""
    _NUMBER.labels(crl.issuer, crl.scope).set(crl.number)
    _THIS_UPDATE.labels(crl.issuer, crl.scope).set(crl.this_update.timestamp())
    _NEXT_UPDATE.labels(crl.issuer, crl.scope).set(crl.next_update.timestamp())
    _ENTRIES.labels(crl.issuer, crl.scope).set(crl.entries)
    _SIZE.labels(crl.issuer, crl.scope).set(crl.size)
    _AGE.labels(crl.issuer, crl.scope).set(age_seconds)
    _LATE.labels(crl.issuer, crl.scope).set(uncovered)
