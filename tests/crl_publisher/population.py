"""Certificates and revocations by the handful for CRL tests, and a keyring of one CA."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from sqlalchemy import insert

from crl_publisher.entry_store.store import encode_entry
from keys.errors import UnusableKey
from keys.identity import Purpose, SigningIdentity, identify
from pki_revocation import journal
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.journal import NewEntry
from pki_revocation.model import Channel, EntryKind, Issuer, JournalEntry
from pki_revocation.reasons import RevocationReason

YEAR = timedelta(days=365)


@dataclass(slots=True)
class OneKey:
    """The CA's key as issuance asks for it; a test may take it away."""

    key: CertificateIssuerPrivateKeyTypes
    certificate: x509.Certificate
    clock: Clock
    is_missing: bool = False

    def crl_identity(self, issuer: Issuer) -> SigningIdentity:
        """The CA's identity, unless it was taken away."""
        if self.is_missing:
            raise UnusableKey(f"The key of {issuer.name} cannot be read.")
        now = self.clock.now()
        return identify(self.key, self.certificate, Purpose.CRL, issuer=self.certificate, now=now)


def encoded_row(row: JournalEntry) -> bytes:
    """The entry that the store makes of a journal row."""
    return encode_entry(row.serial, row.revocation_date, row.reason, row.invalidity_date)


@dataclass(slots=True)
class Population:
    """Issues certificates into the register, and revokes them in the journal."""

    database: Database
    issuer: Issuer
    clock: Clock

    def issue(
        self,
        count: int = 1,
        *,
        lifetime: timedelta = YEAR,
        serials: Sequence[int] = (),
        is_ca: bool = False,
        shard: int = 0,
    ) -> list[int]:
        """Register certificates, and give their serials."""
        chosen = list(serials) or [secrets.randbits(126) | 1 << 126 for _ in range(count)]
        now = self.clock.now()
        with self.database.write() as connection:
            connection.execute(
                insert(certificates),
                [
                    {
                        "issuer_id": self.issuer.id,
                        "serial": serial,
                        "subject": "CN=test",
                        "organisation": "Test",
                        "not_before": now,
                        "not_after": now + lifetime,
                        "imported_at": now,
                        "is_ca": is_ca,
                        "shard": shard,
                    }
                    for serial in chosen
                ],
            )
        return chosen

    def revoke(
        self,
        *serials: int,
        reason: RevocationReason = RevocationReason.UNSPECIFIED,
        revocation_date: datetime | None = None,
        invalidity_date: datetime | None = None,
    ) -> tuple[JournalEntry, ...]:
        """Write revocations into the journal; for a serial that is revoked already, the raise to keyCompromise."""
        with self.database.write() as connection:
            head = journal.lock_head(connection, self.issuer.id)
            entries = []
            for serial in serials:
                first = journal.first_entry(connection, self.issuer.id, serial)
                entries.append(
                    NewEntry(
                        kind=EntryKind.REVOCATION if first is None else EntryKind.RAISE,
                        serial=serial,
                        reason=reason,
                        channel=Channel.OPERATOR,
                        revocation_date=revocation_date or (None if first is None else first.revocation_date),
                        invalidity_date=invalidity_date,
                    )
                )
            return journal.append(connection, head, entries, journal.moment_under_lock(head, self.clock))

    def issue_revoked(self, count: int = 1, *, reason: RevocationReason = RevocationReason.UNSPECIFIED) -> list[int]:
        """Both at once."""
        serials = self.issue(count)
        new = [
            NewEntry(kind=EntryKind.REVOCATION, serial=serial, reason=reason, channel=Channel.OPERATOR)
            for serial in serials
        ]
        with self.database.write() as connection:
            head = journal.lock_head(connection, self.issuer.id)
            journal.append(connection, head, new, journal.moment_under_lock(head, self.clock))
        return serials
