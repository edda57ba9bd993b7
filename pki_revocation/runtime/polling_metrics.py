"""What operators watch of services that poll: which job fails now, how often one did, and how many items fail."""

from prometheus_client import Counter, Gauge

_FAILING = Gauge("pki_revocation_job_failing", "1 while a job of this service fails", ["service", "job"])
_FAILURES = Counter("pki_revocation_job_failures", "Runs of a job that failed", ["service", "job"])
_ITEMS = Gauge(
    "pki_revocation_job_items_failing", "Items of a job, such as files or mails, that fail now", ["service", "job"]
)


def worked(service: str, job: str) -> None:
    """Note that a run of the job succeeded."""
    _FAILING.labels(service, job).set(0)


def failed(service: str, job: str) -> None:
    """Count a run of the job that failed."""
    _FAILING.labels(service, job).set(1)
    _FAILURES.labels(service, job).inc()


def items_failing(service: str, job: str, count: int) -> None:
    """Set how many of the job's items fail now."""
    _ITEMS.labels(service, job).set(count)
