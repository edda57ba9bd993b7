"""Certificates in the register without numbers and codes, which OCSP never looks at."""

from datetime import datetime

from cryptography import x509
from sqlalchemy import insert

from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.model import Channel, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService


def add(database: Database, issuer: Issuer, clock: Clock, *issued: x509.Certificate) -> None:
    """Register certificates."""
    rows = [
        {
            "issuer_id": issuer.id,
            "serial": certificate.serial_number,
            "subject": certificate.subject.rfc4514_string(),
            "organisation": "",
            "not_before": certificate.not_valid_before_utc,
            "not_after": certificate.not_valid_after_utc,
            "imported_at": clock.now(),
        }
        for certificate in issued
    ]
    with database.write() as connection:
        connection.execute(insert(certificates), rows)


def revoke(
    service: RevocationService,
    issuer: Issuer,
    serial: int,
    reason: RevocationReason = RevocationReason.UNSPECIFIED,
    revocation_date: datetime | None = None,
) -> datetime:
    """Revoke as an operator does; the moment that the journal gives it."""
    revocation_request = RevocationRequest(reason=reason, channel=Channel.OPERATOR, revocation_date=revocation_date)
    return service.revoke_for_operator(issuer.name, serial, revocation_request).revoked_at
