"""One certificate as it is issued: registered at once, and the same again is the same answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.database.engine import Database
from pki_revocation.encoding.certificate_parts import CertificateParts
from pki_revocation.errors import PkiError
from pki_revocation.model import IssuedCertificate, Issuer, serial_text
from pki_revocation.register.certificate_keys import hashes_of_certificate
from pki_revocation.register.certificates import certificate_with_serial
from pki_revocation.register.compromised_keys import CompromisedKey, compromised_among
from pki_revocation.register.issuers import all_issuers, crl_shard_addresses
from pki_revocation.register.letter_recipients import recipient_of
from pki_revocation.subscribers import contacts
from pki_revocation.subscribers.contacts import Contact
from pki_revocation.subscribers.recipients import Recipient

from .batch import BatchWriter
from .candidates import CandidateRefused, RefusalKind, Source, objection
from .known_issuers import KnownIssuers
from .pem_der import candidate_of

_SOURCE = Source(Path("request"), "certificate")


class ArrivalConflict(PkiError):
    """What is registered already differs from what came in; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A certificate that is registered now; *is_new* when this is what registered it.

    *compromised_key* is what is known of its key, where that is no secret any more.
    """

    issuer: Issuer
    certificate: IssuedCertificate
    is_new: bool
    compromised_key: CompromisedKey | None = None


class ArrivalRegistrar:
    """Registers one certificate at a time."""

    def __init__(self, *, database: Database, clock: Clock, audit: AuditTrail) -> None:
        """Register into *database*, and have *audit* record it in the same transaction."""
        self._database = database
        self._clock = clock
        self._audit = audit

    def take(
        self,
        certificate: CertificateParts,
        recipient: Recipient | None,
        contact: Contact | None,
        origin: Mapping[str, object],
    ) -> Arrival:
        """Register a certificate, with the recipients of its letter and mail; *origin* is put into the audit record.

        Raises:
            CandidateRefused: when it is no certificate of a registered issuer, or none that can be registered.
            ArrivalConflict: when the serial is another certificate's, or recipient or contact are others than those
                registered.
            StoreError: when the database does not answer.
        """
        with self._database.read() as connection:
            issuers = all_issuers(connection)
            signers = KnownIssuers(issuers, crl_shard_addresses(connection))
        candidate = candidate_of(certificate, signers, _SOURCE, 1)._replace(recipient=recipient, contact=contact)
        if wrong := objection(candidate, self._clock.now()):
            raise CandidateRefused(wrong.kind, wrong.reason)
        issuer = next(each for each in issuers if each.id == candidate.issuer_id)
        writer = BatchWriter(database=self._database, clock=self._clock, audit=self._audit, origin=origin)
        written = writer.write(issuer, [candidate])
        for refusal in written.refusals:
            is_conflict = refusal.kind in {RefusalKind.SERIAL, RefusalKind.BARRED}
            raise ArrivalConflict(refusal.reason) if is_conflict else CandidateRefused(refusal.kind, refusal.reason)
        with self._database.read() as connection:
            found = certificate_with_serial(connection, issuer.id, candidate.serial)
            if found is None:
                raise ValueError(candidate.serial)
            if not written.added:
                _refuse_other(connection, found, recipient, contact)
            known = compromised_among(connection, hashes_of_certificate(certificate.der))
        return Arrival(
            issuer=issuer,
            certificate=found,
            is_new=bool(written.added),
            compromised_key=next(iter(known.values()), None),
        )


def _refuse_other(
    connection: Connection, found: IssuedCertificate, recipient: Recipient | None, contact: Contact | None
) -> None:
    """What was registered stays; it is changed by `recipient set` and `contact set`, which are audited."""
    other = []
    if recipient is not None and recipient_of(connection, found.id) != recipient:
        other.append("language or address")
    if contact is not None and contacts.of_certificate(connection, found.id) != contact:
        other.append("contact")
    if other:
        raise ArrivalConflict(
            f"Serial {serial_text(found.serial)} is registered with another {' and another '.join(other)}, and nothing "
            "was changed."
        )
