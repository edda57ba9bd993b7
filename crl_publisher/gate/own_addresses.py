"""Whether each revocation stands on the CRL that its certificate's own distribution point names.

The register says to which shard a certificate belongs, and what selects a shard's entries asks it. Here the
certificates are asked themselves: one that names this shard's address must be on this CRL, and one that is on it and
names another shard's must not, or a relying party fetches a CRL that is silent on it (RFC 5280 sections 4.2.1.13 and
5.2.5).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Row, and_, or_, select

from crl_publisher.plan import Plan
from crl_publisher.scope import Part
from pki_revocation.database.octet_search import place_of
from pki_revocation.database.schema import certificates, crl_shards, journal
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.der import DerError
from pki_revocation.model import serial_text

from .findings import Findings

_PORTION = 1000


def check_own_addresses(connection: Connection, plan: Plan, findings: Findings, *, after: int) -> None:
    """Ask the certificates of the rows behind a sequence; a CRL of another part than a shard names no address.

    Args:
        connection: reads one state.
        plan: says which shard, and up to which sequence.
        findings: gets each certificate that names another CRL than it is listed on.
        after: no row up to this sequence: those were asked before.
    """
    if plan.scope.part is not Part.SHARD:
        return
    query = select(crl_shards.c.url, crl_shards.c.shard).where(crl_shards.c.issuer_id == plan.issuer.id)
    shards = {row.url: row.shard for row in connection.execute(query)}
    for row in _suspects(connection, plan, after):
        own = _own_shard(row.der, shards)
        if own is not None and own != row.shard and plan.scope.shard in {own, row.shard}:
            there = f"shard {row.shard}" if row.shard else "no shard"
            findings.error(
                "crl.entry.other-shard",
                f"The certificate {serial_text(row.serial)} names shard {own}'s CRL, and the register has it in "
                f"{there}: import the certificate again.",
            )


def _suspects(connection: Connection, plan: Plan, after: int) -> Iterator[Row[Any]]:
    """Revoked certificates in which this shard's address stands while it is in another one, or the other way round."""
    columns, rows = certificates.c, journal.c
    names_it = place_of(connection, plan.scope.url.encode(), columns.der) > 0
    is_in_it = columns.shard == plan.scope.shard
    query = (
        select(columns.serial, columns.shard, columns.der)
        .join(journal, and_(rows.issuer_id == columns.issuer_id, rows.serial == columns.serial))
        .where(
            columns.issuer_id == plan.issuer.id,
            columns.der.is_not(None),
            rows.sequence > after,
            rows.sequence <= plan.covers_sequence,
            or_(and_(names_it, ~is_in_it), and_(is_in_it, ~names_it)),
        )
    )
    with connection.execute(query.execution_options(yield_per=_PORTION)) as found:
        yield from cast("Iterator[Row[Any]]", found)


def _own_shard(der: bytes, shards: Mapping[str, int]) -> int | None:
    """The first shard that the certificate itself names; None where it names none."""
    try:
        points: Sequence[str] = parts_of(der).distribution_points
    except DerError:
        return None
    return next((shards[url] for url in points if url in shards), None)
