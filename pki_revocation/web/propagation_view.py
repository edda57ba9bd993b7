"""What relying parties see of a revocation, in sentences: how many OCSP servers say it, and which CRL lists it."""

from dataclasses import dataclass
from datetime import datetime

from pki_revocation.model import Confirmation, EntryKind
from pki_revocation.propagation.crl_coverage import CrlCoverage
from pki_revocation.propagation.measurement import Propagation

from .languages import current_language, translatable, translated
from .moments import in_short

_COMPLETE = "full"
_ANSWERED_SINCE = translatable(
    "Our status service (OCSP) has said since %(since)s that the certificate is revoked (%(answering)s of "
    "%(responders)s servers)."
)
_ANSWERED = translatable(
    "Our status service (OCSP): %(answering)s of %(responders)s servers say that the certificate is revoked."
)
_REASON_SINCE = translatable(
    "Our status service (OCSP) has given the new reason since %(since)s (%(answering)s of %(responders)s servers)."
)
_REASON = translatable("Our status service (OCSP): %(answering)s of %(responders)s servers give the new reason.")
_SILENT = translatable(
    "Our status service (OCSP): no server has reported in the last half minute, so we cannot say what they answer now."
)
_LISTED = translatable(
    "The certificate has been in the public revocation list (CRL number %(number)s) since %(since)s."
)
_LISTED_IN_PART = translatable(
    "The certificate has been in part %(part)s of the public revocation list (CRL number %(number)s) since %(since)s."
)
_LISTED_IN_DELTA = translatable(
    "The certificate has been in the supplement (delta CRL number %(number)s) to the public revocation list since "
    "%(since)s."
)
_NOT_LISTED = translatable("The certificate is not in the public revocation list (CRL) yet.")
_NOT_LISTED_IN_PART = translatable("The certificate is not in part %(part)s of the public revocation list (CRL) yet.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PropagationView:
    """The sentences of one measurement; *lines* and *measured* are in the language of the request."""

    lines: tuple[str, ...]
    measured: str
    settled: bool
    answers_until: datetime | None
    crls_until: datetime | None


def propagation_view(visible: Propagation, confirmation: Confirmation) -> PropagationView:
    """The sentences of a measurement; times are Dutch, with the day where it is not the day of the row."""
    day = confirmation.entry.recorded_at
    raised = confirmation.entry.kind is EntryKind.RAISE
    measured = in_short(visible.measured_at, day, current_language())
    return PropagationView(
        lines=(_answers(visible, day, raised=raised), *(_listing(crl, day) for crl in visible.crls)),
        measured=translated(translatable("As of %(moment)s (Dutch time)."), moment=measured),
        settled=visible.settled,
        # A reason that was added ends no old answer: the certificate was revoked before.
        answers_until=None if raised else visible.answers_until,
        crls_until=None if raised else visible.crls_until,
    )


def _answers(visible: Propagation, day: datetime, *, raised: bool) -> str:
    counts = {"answering": visible.answering, "responders": visible.responders}
    if visible.responders == 0:
        return translated(_SILENT)
    if visible.answering_since is None:
        return translated(_REASON if raised else _ANSWERED, **counts)
    since = in_short(visible.answering_since, day, current_language())
    return translated(_REASON_SINCE if raised else _ANSWERED_SINCE, since=since, **counts)


def _listing(crl: CrlCoverage, day: datetime) -> str:
    if crl.number is None or crl.since is None:
        return translated(_NOT_LISTED) if crl.scope == _COMPLETE else translated(_NOT_LISTED_IN_PART, part=crl.scope)
    since = in_short(crl.since, day, current_language())
    if crl.in_delta:
        return translated(_LISTED_IN_DELTA, number=crl.number, since=since)
    if crl.scope == _COMPLETE:
        return translated(_LISTED, number=crl.number, since=since)
    return translated(_LISTED_IN_PART, number=crl.number, since=since, part=crl.scope)
