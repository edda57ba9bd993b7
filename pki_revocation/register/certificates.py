"""Issuers, certificates and their codes in the database: the queries that more than one caller asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from pki_revocation.clock import Clock
from pki_revocation.codes import Pepper
from pki_revocation.database.schema import (
    certificates,
    crl_shards,
    issuers,
    journal_heads,
    letter_recipients,
    number_counter,
    revocation_codes,
)
from pki_revocation.errors import ConfigurationError, NotFound, PkiError
from pki_revocation.model import IssuedCertificate, Issuer
from pki_revocation.numbers import numbers_from
from pki_revocation.subscribers.recipients import Recipient

# How many rows one query names: SQLite binds at most 32,766 values, PostgreSQL 65,535.
_LOOK_UP = 5000


class OrganisationCertified(PkiError):
    """A certificate says itself whose it is."""

    def __init__(self) -> None:
        super().__init__(
            "The organisation stands in the certificate itself and cannot be changed: put whom the letter is meant for "
            "into the address, as in 't.a.v. afdeling ICT'."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredCode:
    """The live code of a certificate, as stored."""

    certificate: IssuedCertificate
    version: int
    verifier: str
    pepper_id: str


def add_issuer(
    connection: Connection, *, name: str, certificate: x509.Certificate, is_default: bool, clock: Clock
) -> Issuer:
    """Register a CA and open its journal."""
    der = _der(certificate)
    if is_default:
        connection.execute(update(issuers).values(is_default=False))
    now = clock.now()
    result = connection.execute(
        insert(issuers).values(name=name, certificate=der, is_default=is_default, added_at=now).returning(issuers.c.id)
    )
    issuer_id = result.scalar_one()
    connection.execute(insert(journal_heads).values(issuer_id=issuer_id, sequence=0, last_at=now))
    return Issuer(id=issuer_id, name=name, certificate_der=der, is_default=is_default)


def all_issuers(connection: Connection) -> tuple[Issuer, ...]:
    """Every issuer, in the order in which they were added."""
    return tuple(_issuer(row) for row in connection.execute(select(issuers).order_by(issuers.c.id)))


def issuer_named(connection: Connection, name: str | None) -> Issuer:
    """The issuer with this name, or the default one for None.

    Raises:
        NotFound: naming the issuers that there are.
    """
    known = all_issuers(connection)
    for issuer in known:
        if (name is None and issuer.is_default) or issuer.name == name:
            return issuer
    names = ", ".join(issuer.name for issuer in known) or "none yet: use 'pki-revocation issuer add'"
    wanted = "no default issuer" if name is None else f"no issuer {name!r}"
    message = f"There is {wanted}; there are: {names}."
    raise NotFound(message)


def issuer_with_id(connection: Connection, issuer_id: int) -> Issuer | None:
    """The issuer with this row id, or None."""
    row = connection.execute(select(issuers).where(issuers.c.id == issuer_id)).one_or_none()
    return None if row is None else _issuer(row)


def crl_shard_addresses(connection: Connection) -> dict[tuple[int, str], int]:
    """Every CRL shard, by its issuer's id and the address that certificates name."""
    rows = connection.execute(select(crl_shards.c.issuer_id, crl_shards.c.url, crl_shards.c.shard))
    return {(row.issuer_id, row.url): row.shard for row in rows}


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


def live_code(connection: Connection, number: str) -> RegisteredCode | None:
    """The code that counts now for the certificate with this number; None when there is no such thing."""
    row = connection.execute(
        select(certificates, revocation_codes.c.version, revocation_codes.c.verifier, revocation_codes.c.pepper_id)
        .join(revocation_codes, revocation_codes.c.certificate_id == certificates.c.id)
        .where(certificates.c.number == number, revocation_codes.c.retired_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    return RegisteredCode(
        certificate=as_certificate(row), version=row.version, verifier=row.verifier, pepper_id=row.pepper_id
    )


def live_verifier(connection: Connection, certificate_id: int) -> tuple[int, str] | None:
    """Version and verifier of the certificate's code that counts now, or None."""
    row = connection.execute(
        select(revocation_codes.c.version, revocation_codes.c.verifier).where(
            revocation_codes.c.certificate_id == certificate_id, revocation_codes.c.retired_at.is_(None)
        )
    ).one_or_none()
    return None if row is None else (row.version, row.verifier)


def refuse_foreign_pepper(connection: Connection, pepper: Pepper | None) -> None:
    """Codes die with their pepper: find out before anybody types one.

    Raises:
        ConfigurationError: when live codes were made with another pepper, or there are any and None is here.
    """
    here = None if pepper is None else pepper.id
    rows = connection.execute(
        select(revocation_codes.c.pepper_id).where(revocation_codes.c.retired_at.is_(None)).distinct()
    ).scalars()
    foreign = [each for each in rows if each != here]
    if foreign:
        raise ConfigurationError(
            f"There are codes that were made with pepper {', '.join(foreign)}, which is not here: "
            "restore it from its backup."
        )


def live_versions(connection: Connection, certificate_ids: Sequence[int]) -> dict[int, int]:
    """By certificate, the versions of their codes that count now; few enough to be named in one query."""
    query = select(revocation_codes.c.certificate_id, revocation_codes.c.version).where(
        revocation_codes.c.certificate_id.in_(certificate_ids), revocation_codes.c.retired_at.is_(None)
    )
    return {row.certificate_id: row.version for row in connection.execute(query)}


def store_codes(connection: Connection, verifiers: Sequence[tuple[int, str]], *, pepper_id: str, clock: Clock) -> None:
    """Store new codes as (certificate id, verifier), retiring the ones that the certificates had."""
    now = clock.now()
    for start in range(0, len(verifiers), _LOOK_UP):
        portion = verifiers[start : start + _LOOK_UP]
        ids = [certificate_id for certificate_id, _ in portion]
        query = (
            select(revocation_codes.c.certificate_id, func.max(revocation_codes.c.version).label("newest"))
            .where(revocation_codes.c.certificate_id.in_(ids))
            .group_by(revocation_codes.c.certificate_id)
        )
        newest = {row.certificate_id: row.newest for row in connection.execute(query)}
        if newest:
            connection.execute(
                update(revocation_codes)
                .where(revocation_codes.c.certificate_id.in_(newest), revocation_codes.c.retired_at.is_(None))
                .values(retired_at=now)
            )
        rows = [
            {
                "certificate_id": certificate_id,
                "version": newest.get(certificate_id, 0) + 1,
                "verifier": verifier,
                "pepper_id": pepper_id,
                "issued_at": now,
            }
            for certificate_id, verifier in portion
        ]
        connection.execute(insert(revocation_codes), rows)


def deal_numbers(connection: Connection, count: int) -> list[str]:
    """Take *count* numbers from the counter; they are given to nobody else, and lost if the transaction fails."""
    position = connection.execute(select(number_counter.c.next).with_for_update()).scalar_one()
    connection.execute(update(number_counter).values(next=position + count))
    return list(numbers_from(position, count))


def recipient_of(connection: Connection, certificate_id: int) -> Recipient | None:
    """Whom this certificate's letter goes to, where that is known."""
    row = connection.execute(select(letter_recipients).filter_by(certificate_id=certificate_id)).one_or_none()
    if row is None:
        return None
    return Recipient(language=row.language, address=tuple(row.address.split("\n")) if row.address else ())


def store_recipient(connection: Connection, certificate_id: int, recipient: Recipient) -> None:
    """Register whom a certificate's letter goes to, in the place of whom it went to."""
    erase_recipient(connection, certificate_id)
    add_recipients(connection, [(certificate_id, recipient)])


def add_recipients(connection: Connection, recipients: Sequence[tuple[int, Recipient]]) -> None:
    """Register by certificate whom letters go to, where nobody is registered yet."""
    rows = [
        {"certificate_id": certificate_id, "language": each.language, "address": "\n".join(each.address)}
        for certificate_id, each in recipients
    ]
    if rows:
        connection.execute(insert(letter_recipients), rows)


def erase_recipient(connection: Connection, certificate_id: int) -> bool:
    """Forget language and address; whether there were any."""
    done = connection.execute(delete(letter_recipients).where(letter_recipients.c.certificate_id == certificate_id))
    return done.rowcount > 0


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
    """A row of the certificates table as the value that it is."""
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


def _issuer(row: Row[Any]) -> Issuer:
    return Issuer(id=row.id, name=row.name, certificate_der=row.certificate, is_default=row.is_default)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
