"""Confirmations of what stands in the journal: for receipts, and for clients who ask again.

A confirmation has the row that counts now and the revocation itself. Which row an address means is decided here: a
journal that was put back from a backup may have another row in its place.
"""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection

from pki_revocation import journal
from pki_revocation.errors import ConfirmationLost, NotFound
from pki_revocation.model import Confirmation, IssuedCertificate, Issuer, JournalEntry, serial_text

from .certificates import certificate_with_serial
from .issuers import issuer_with_id

_NO_CONFIRMATION = "There is no such confirmation."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptId:
    """Which confirmation a receipt shows: whose certificate's it is, and the reference that the row was given."""

    issuer_id: int
    serial: int
    reference: str

    @classmethod
    def of(cls, entry: JournalEntry) -> Self:
        """The receipt of a row."""
        return cls(issuer_id=entry.issuer_id, serial=entry.serial, reference=entry.reference)


def registered_certificate(connection: Connection, issuer: Issuer, serial: int) -> IssuedCertificate:
    """The issuer's certificate with this serial.

    Raises:
        NotFound: for a serial that is not registered.
    """
    certificate = certificate_with_serial(connection, issuer.id, serial)
    if certificate is None:
        message = f"Issuer {issuer.name!r} has no certificate with serial {serial_text(serial)}: import it first."
        raise NotFound(message)
    return certificate


def confirmation_of(
    connection: Connection, issuer: Issuer, certificate: IssuedCertificate, entry: JournalEntry, *, repeated: bool
) -> Confirmation:
    """What is confirmed by *entry*, the certificate's latest row; *repeated* says whether it stood already."""
    first = journal.first_entry(connection, issuer.id, certificate.serial) or entry
    return Confirmation(issuer=issuer, certificate=certificate, entry=entry, first=first, repeated=repeated)


def confirmation_at(connection: Connection, issuer_id: int, sequence: int) -> Confirmation:
    """The confirmation of a row that the caller has just read.

    Raises:
        NotFound: when the journal has no such row.
    """
    entry = journal.entry_at(connection, issuer_id, sequence)
    if entry is None:
        raise NotFound(_NO_CONFIRMATION)
    return _again(connection, entry)


def confirmed_earlier(connection: Connection, receipt: ReceiptId) -> Confirmation:
    """The confirmation again, as `RevocationService.confirmed_earlier` has it.

    Raises:
        ConfirmationLost: when the journal has neither the row nor any other of its certificate.
    """
    entry = journal.entry_with_reference(connection, receipt.reference)
    if entry is None or (entry.issuer_id, entry.serial) != (receipt.issuer_id, receipt.serial):
        entry = journal.latest_entry(connection, receipt.issuer_id, receipt.serial)
    if entry is None:
        raise ConfirmationLost
    return _again(connection, entry)


def confirmed_by_sequence(connection: Connection, issuer_id: int, sequence: int) -> Confirmation:
    """The confirmation of a row that an address of before revision 0012 names by its sequence.

    Raises:
        ConfirmationLost: for any row that was written since.
    """
    entry = journal.entry_at(connection, issuer_id, sequence)
    if entry is None or sequence > journal.named_through(connection, issuer_id):
        raise ConfirmationLost
    return _again(connection, entry)


def _again(connection: Connection, entry: JournalEntry) -> Confirmation:
    issuer = issuer_with_id(connection, entry.issuer_id)
    if issuer is None:
        raise NotFound(_NO_CONFIRMATION)
    certificate = registered_certificate(connection, issuer, entry.serial)
    return confirmation_of(connection, issuer, certificate, entry, repeated=True)
