"""What is registered, one line a certificate: its number, until when it is valid, and whether it is revoked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, select

from pki_revocation.clock import iso
from pki_revocation.database.schema import certificates, journal, revocation_codes
from pki_revocation.model import EntryKind, Issuer, serial_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCertificate:
    """One line; *revoked_at* is the date that relying parties are shown, None while the certificate is not revoked."""

    issuer: str
    serial: int
    number: str | None
    subject: str
    not_after: datetime
    revoked_at: datetime | None
    has_code: bool

    def status(self, now: datetime) -> str:
        """In one word: good, revoked or expired."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if now > self.not_after else "good"

    def as_json(self, now: datetime) -> dict[str, object]:
        """The certificate's fields as commands print them with --json."""
        return {
            "issuer": self.issuer,
            "serial": serial_text(self.serial),
            "number": self.number,
            "subject": self.subject,
            "not_after": iso(self.not_after),
            "status": self.status(now),
            "revoked_at": None if self.revoked_at is None else iso(self.revoked_at),
            "has_code": self.has_code,
        }


def listed(connection: Connection, issuer: Issuer, limit: int) -> Iterator[ListedCertificate]:
    """The first *limit* certificates of an issuer, in the order in which they came in."""
    revocation = and_(
        journal.c.issuer_id == certificates.c.issuer_id,
        journal.c.serial == certificates.c.serial,
        journal.c.kind == EntryKind.REVOCATION.value,
    )
    code = and_(revocation_codes.c.certificate_id == certificates.c.id, revocation_codes.c.retired_at.is_(None))
    query = (
        select(
            certificates.c.serial,
            certificates.c.number,
            certificates.c.subject,
            certificates.c.not_after,
            journal.c.revocation_date,
            revocation_codes.c.version,
        )
        .outerjoin(journal, revocation)
        .outerjoin(revocation_codes, code)
        .where(certificates.c.issuer_id == issuer.id)
        .order_by(certificates.c.id)
        .limit(limit)
        .execution_options(yield_per=1000)
    )
    for row in connection.execute(query):
        yield ListedCertificate(
            issuer=issuer.name,
            serial=row.serial,
            number=row.number,
            subject=row.subject,
            not_after=row.not_after,
            revoked_at=row.revocation_date,
            has_code=row.version is not None,
        )
