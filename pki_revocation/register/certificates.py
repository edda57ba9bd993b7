"""Issued certificates in the database, by serial, number or row id, and the numbers that they are given."""

from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from pki_revocation.database.schema import (
    certificates,
    number_counter,
)
from pki_revocation.errors import PkiError
from pki_revocation.model import IssuedCertificate
from pki_revocation.numbers import numbers_from


class OrganisationCertified(PkiError):
    """The organisation stands in the certificate itself, and cannot be changed here."""

    def __init__(self) -> None:
        super().__init__(
            "The organisation stands in the certificate itself and cannot be changed: put whom the letter is meant for "
            "into the address, as in 't.a.v. afdeling ICT'."
        )


def certificate_with_serial(connection: Connection, issuer_id: int, serial: int) -> IssuedCertificate | None:
    """The certificate that this issuer gave this serial, or None."""
    return _one(
        connection,
        select(certificates).where(certificates.c.issuer_id == issuer_id, certificates.c.serial == serial),
    )


def certificate_with_number(connection: Connection, number: str) -> IssuedCertificate | None:
    """The certificate that has this subscriber's number, or None."""
    return _one(connection, select(certificates).where(certificates.c.number == number))


def certificate_with_id(connection: Connection, certificate_id: int) -> IssuedCertificate | None:
    """The certificate with this row id, or None."""
    return _one(connection, select(certificates).where(certificates.c.id == certificate_id))


def deal_numbers(connection: Connection, count: int) -> list[str]:
    """Take *count* numbers from the counter; they are given to no other, and lost if the transaction fails."""
    position = connection.execute(select(number_counter.c.next).with_for_update()).scalar_one()
    connection.execute(update(number_counter).values(next=position + count))
    return list(numbers_from(position, count))


def rename_organisation(connection: Connection, certificate: IssuedCertificate, organisation: str) -> None:
    """Write another organisation for a certificate of which only a row was registered, and no DER.

    Raises:
        OrganisationCertified: when the certificate itself is here, which says whose it is.
    """
    if certificate.der is not None:
        raise OrganisationCertified
    connection.execute(
        update(certificates).where(certificates.c.id == certificate.id).values(organisation=organisation)
    )


def as_certificate(row: Row[Any]) -> IssuedCertificate:
    """A row of the certificates table as an `IssuedCertificate`."""
    return IssuedCertificate(
        id=row.id,
        issuer_id=row.issuer_id,
        serial=row.serial,
        subject=row.subject,
        organisation=row.organisation,
        not_before=row.not_before,
        not_after=row.not_after,
        number=row.number,
        der=row.der,
    )


def _one(connection: Connection, query: Select[Any]) -> IssuedCertificate | None:
    row = connection.execute(query).one_or_none()
    return None if row is None else as_certificate(row)
