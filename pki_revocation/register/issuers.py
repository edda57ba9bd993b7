"""Issuers in the database: each with its certificate, its journal's head and the addresses of its CRL shards."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, Row, insert, select, update

from pki_revocation.clock import Clock
from pki_revocation.database.schema import (
    crl_shards,
    issuers,
    journal_heads,
)
from pki_revocation.errors import NotFound
from pki_revocation.model import Issuer


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


def _issuer(row: Row[Any]) -> Issuer:
    return Issuer(id=row.id, name=row.name, certificate_der=row.certificate, is_default=row.is_default)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
