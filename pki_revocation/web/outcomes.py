"""One log line for each revocation: what came of it, and its reference; never a number or a code."""

import logging

from pki_revocation.model import Confirmation, EntryKind

_log = logging.getLogger(__name__)


def log_outcome(confirmation: Confirmation) -> None:
    """Say what a request came to; the refusal of a wrong code is logged by the service."""
    entry = confirmation.entry
    if confirmation.repeated:
        outcome = "repeated"
    else:
        outcome = "revoked" if entry.kind is EntryKind.REVOCATION else "reason raised"
    _log.info("%s, reference %s", outcome, entry.reference)
