"""What is answered for the statuses found, by the settings: ended certificates, and those of a revoked issuer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ocsp_responder.config import OcspSettings
from ocsp_responder.errors import Unauthorized
from ocsp_responder.request.message import CertId
from ocsp_responder.signing.response import SingleResponse, Validity
from ocsp_responder.status import Revoked, Status, StatusReading, Unknown
from pki_revocation.reasons import RevocationReason

_SECOND = timedelta(seconds=1)
_COMPROMISED = (RevocationReason.KEY_COMPROMISE, RevocationReason.CA_COMPROMISE)


class AnswerPolicy:
    """Turns statuses into SingleResponses, by the settings on retention and on revoked issuers."""

    def __init__(self, settings: OcspSettings) -> None:
        """Follow the settings on retention and on revoked issuers."""
        self._retention = settings.retention
        self._revoked_issuer = settings.revoked_issuer

    def apply(
        self, cert_ids: Sequence[CertId], reading: StatusReading, validity: Validity, issuer_not_before: datetime
    ) -> tuple[list[SingleResponse], Validity]:
        """A SingleResponse for each certificate, in order, and until when they may be sent without a new signature.

        A certificate that ends meanwhile is answered for differently from then on.

        Raises:
            Unauthorized: when one of them ended longer ago than the retention: its records count as purged (RFC 9919
                section 3.2.3).
        """
        moment, retention = reading.moment, self._retention
        above = reading.issuer_revoked if self._revoked_issuer else None
        refresh_at = validity.refresh_at
        singles = []
        for cert_id, found in zip(cert_ids, reading.statuses, strict=True):
            status = found if above is None else _below_revoked(found, above)
            if isinstance(status, Revoked) and status.revocation_date > moment:
                # Dated by a clock that was ahead. It is revoked, and a client that heard of a revocation in the future
                # might take it for good until then; the answer itself must not be dated ahead either. From that moment
                # on it is told as the journal has it.
                refresh_at = min(refresh_at, status.revocation_date)
                status = replace(status, revocation_date=moment)
            if isinstance(status, Unknown):
                singles.append(SingleResponse(cert_id, status))
            elif status.not_after >= moment:
                singles.append(SingleResponse(cert_id, status))
                if status.not_after < refresh_at:
                    refresh_at = status.not_after + _SECOND
            elif retention is None:
                # EN 319 411-2 CSS-6.3.10-10: answered for ever, and since the issuer began.
                singles.append(SingleResponse(cert_id, status, issuer_not_before))
            else:
                cutoff = moment - retention
                if status.not_after < cutoff:
                    raise Unauthorized("One of the certificates ended longer ago than the retention.")
                singles.append(SingleResponse(cert_id, status, cutoff))
                if status.not_after - cutoff < refresh_at - moment:
                    refresh_at = status.not_after + retention + _SECOND
        return singles, validity if refresh_at is validity.refresh_at else replace(validity, refresh_at=refresh_at)


def _below_revoked(status: Status, above: Revoked) -> Status:
    """The status under a revoked CA (RFC 6960 section 2.7): revoked since then, or since its own earlier revocation.

    A certificate that was revoked earlier keeps its own reason beside its own time, as the CRL has them.
    """
    if isinstance(status, Unknown) or (isinstance(status, Revoked) and status.revocation_date <= above.revocation_date):
        return status
    reason = RevocationReason.CA_COMPROMISE if above.reason in _COMPROMISED else above.reason
    return Revoked(above.revocation_date, reason, status.not_after)
