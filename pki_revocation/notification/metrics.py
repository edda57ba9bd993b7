"""What operators watch of mail: what becomes of it, how much waits, and for how long."""

from datetime import datetime

from prometheus_client import Counter, Gauge

from pki_revocation.subscribers.outbox import Outcome

_ENDED = Counter("pki_revocation_mails", "Mails by how they ended: sent or given-up", ["outcome"])
_WAITING = Gauge("pki_revocation_mails_queued", "Mails in the outbox")
_OLDEST = Gauge("pki_revocation_mails_oldest_queued_seconds", "For how long the oldest mail waits; 0 when none does")


def ended(outcome: Outcome) -> None:
    """Count a mail that was sent, or was given up."""
    _ENDED.labels(outcome.value).inc()


def waiting(count: int, since: datetime | None, now: datetime) -> None:
    """Set how many mails wait, and for how many seconds the oldest has; *since* is None where none waits."""
    _WAITING.set(count)
    _OLDEST.set(0 if since is None else (now - since).total_seconds())
