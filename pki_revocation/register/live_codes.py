"""Revocation codes in the database: one of each certificate counts, and those before it are retired."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from pki_revocation.clock import Clock
from pki_revocation.codes import Pepper
from pki_revocation.database.schema import (
    certificates,
    revocation_codes,
)
from pki_revocation.errors import ConfigurationError
from pki_revocation.model import IssuedCertificate
from pki_revocation.register.certificates import as_certificate

# How many rows one query names: SQLite binds at most 32,766 values, PostgreSQL 65,535.
_LOOKUP_BATCH = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredCode:
    """The live code of a certificate, as stored."""

    certificate: IssuedCertificate
    version: int
    verifier: str
    pepper_id: str


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
    """Codes die with their pepper: find out before a subscriber types one.

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
    """The version of each certificate's live code, by row id; the ids must be few enough for one query."""
    query = select(revocation_codes.c.certificate_id, revocation_codes.c.version).where(
        revocation_codes.c.certificate_id.in_(certificate_ids), revocation_codes.c.retired_at.is_(None)
    )
    return {row.certificate_id: row.version for row in connection.execute(query)}


def store_codes(connection: Connection, verifiers: Sequence[tuple[int, str]], *, pepper_id: str, clock: Clock) -> None:
    """Store new codes as (certificate id, verifier), retiring the ones that the certificates had."""
    now = clock.now()
    for start in range(0, len(verifiers), _LOOKUP_BATCH):
        portion = verifiers[start : start + _LOOKUP_BATCH]
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
