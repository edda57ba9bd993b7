"""The register's rows of what a batch brings, with the recipients and contacts that their sources name."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from pki_revocation.database.bulk import bulk_insert
from pki_revocation.database.schema import certificates
from pki_revocation.encoding.serials import stored
from pki_revocation.model import Issuer
from pki_revocation.register.letter_recipients import add_recipients
from pki_revocation.subscribers import contacts

from .candidates import Candidate

# How many serials one look-up names: SQLite binds at most 32,766 values, PostgreSQL 65,535.
_LOOKUP_BATCH = 5000
_COLUMNS = (
    "issuer_id",
    "serial",
    "subject",
    "organisation",
    "not_before",
    "not_after",
    "number",
    "der",
    "imported_at",
    "is_ca",
    "shard",
)


def insert_new(
    connection: Connection,
    issuer: Issuer,
    new: Sequence[Candidate],
    numbers: Mapping[int, str],
    imported_at: datetime,
) -> None:
    """Register certificates, each with its number where it has one.

    Raises:
        RowExists: when one of them is registered already.
    """
    rows = (
        (
            each.issuer_id,
            each.serial,
            each.subject,
            each.organisation,
            each.not_before,
            each.not_after,
            numbers.get(each.serial),
            each.der,
            imported_at,
            each.is_ca,
            each.shard,
        )
        # In the order of the index, neighbours share its pages: half of SQLite's time for large registers.
        for each in sorted(new, key=_serial_octets)
    )
    bulk_insert(connection, certificates, _COLUMNS, rows)
    _write_recipients(connection, issuer, new)


def registered_among(connection: Connection, issuer: Issuer, serials: Sequence[int]) -> set[int]:
    """Those of the serials that are registered."""
    known: set[int] = set()
    for start in range(0, len(serials), _LOOKUP_BATCH):
        portion = serials[start : start + _LOOKUP_BATCH]
        query = select(certificates.c.serial).where(
            certificates.c.issuer_id == issuer.id, certificates.c.serial.in_(portion)
        )
        known.update(connection.execute(query).scalars())
    return known


def _serial_octets(candidate: Candidate) -> bytes:
    return stored(candidate.serial)


def _write_recipients(connection: Connection, issuer: Issuer, new: Sequence[Candidate]) -> None:
    """In the certificates' own transaction: no letter and no mail is made before its recipient is known."""
    told = [each for each in new if each.recipient is not None or each.contact is not None]
    for start in range(0, len(told), _LOOKUP_BATCH):
        portion = told[start : start + _LOOKUP_BATCH]
        query = select(certificates.c.serial, certificates.c.id).where(
            certificates.c.issuer_id == issuer.id, certificates.c.serial.in_([each.serial for each in portion])
        )
        ids = {row.serial: row.id for row in connection.execute(query)}
        add_recipients(connection, [(ids[each.serial], each.recipient) for each in portion if each.recipient])
        contacts.add(connection, [(ids[each.serial], each.contact) for each in portion if each.contact])
