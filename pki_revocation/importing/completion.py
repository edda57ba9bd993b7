"""Certificates of which only a CRL told: an import brings what the register lacks of them.

Their rows came in when revocations were taken back after an old backup was restored. They are revoked already, so that
they get no number; their end becomes the certificate's own, and the publisher's entries with it.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from pki_revocation.database.schema import certificates, crl_entries
from pki_revocation.model import UNKNOWN_END, Issuer

from .candidates import Candidate

# How many serials one look-up names: SQLite binds at most 32,766 values, PostgreSQL 65,535.
_LOOKUP_BATCH = 5000


def complete(connection: Connection, issuer: Issuer, registered: Sequence[Candidate]) -> set[int]:
    """Write what is known now of certificates that only a CRL told of; give their serials.

    Args:
        connection: holds the issuer's journal head.
        issuer: whose certificates.
        registered: candidates whose serials are registered already.
    """
    incomplete = _incomplete(connection, issuer, [each.serial for each in registered])
    for each in registered:
        if each.serial in incomplete:
            _write(connection, issuer, each)
    return incomplete


def _incomplete(connection: Connection, issuer: Issuer, serials: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for start in range(0, len(serials), _LOOKUP_BATCH):
        query = select(certificates.c.serial).where(
            certificates.c.issuer_id == issuer.id,
            certificates.c.serial.in_(serials[start : start + _LOOKUP_BATCH]),
            certificates.c.not_after == UNKNOWN_END,
            certificates.c.der.is_(None),
            certificates.c.subject == "",
        )
        found.update(connection.scalars(query))
    return found


def _write(connection: Connection, issuer: Issuer, candidate: Candidate) -> None:
    this_one = {"issuer_id": issuer.id, "serial": candidate.serial}
    connection.execute(
        update(certificates)
        .filter_by(**this_one)
        .values(
            subject=candidate.subject,
            organisation=candidate.organisation,
            not_before=candidate.not_before,
            not_after=candidate.not_after,
            der=candidate.der,
            is_ca=candidate.is_ca,
            shard=candidate.shard,
        )
    )
    connection.execute(
        update(crl_entries)
        .filter_by(**this_one)
        .values(not_after=candidate.not_after, is_ca=candidate.is_ca, shard=candidate.shard)
    )
