"""One log line for each revocation: what came of it, and its reference; never a number or a code. It is counted too."""

import logging

from prometheus_client import Counter

from pki_revocation.model import Confirmation, EntryKind

_log = logging.getLogger(__name__)
_CONFIRMED = Counter(
    "pki_revocation_revocations",
    "Revocations that page and endpoint confirmed: made, reason raised, or repeated",
    ["channel", "outcome", "reason"],
)


def log_outcome(confirmation: Confirmation) -> None:
    """Say what a request came to; the refusal of a wrong code is logged by the service."""
    entry = confirmation.entry
    if confirmation.repeated:
        outcome = "repeated"
    else:
        outcome = "revoked" if entry.kind is EntryKind.REVOCATION else "reason raised"
    _log.info("%s, reference %s", outcome, entry.reference)
    reason = entry.reason.token if entry.reason else "none"
    _CONFIRMED.labels(entry.channel.value, outcome, reason).inc()
