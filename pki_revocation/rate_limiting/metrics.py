"""What operators watch of attempts; no log line for each, because a client that guesses would write our log."""

from prometheus_client import Counter

_FAILED = Counter("pki_revocation_attempts_failed", "Wrong pairs of number and code that were checked")
_DENIED = Counter("pki_revocation_attempts_denied", "Attempts that were answered 429 before anything was checked")
_ALARMS = Counter("pki_revocation_attempt_alarms", "Episodes of failures that piled up at one number")


def failed() -> None:
    """Count an attempt with an unknown number or a wrong code."""
    _FAILED.inc()


def denied() -> None:
    """Count an attempt that was denied before number and code were checked."""
    _DENIED.inc()


def alarmed() -> None:
    """Count a number at which so many attempts failed that its contact is told."""
    _ALARMS.inc()
