"""Since when a revocation is on which CRL: what `status` and receipts say of it.

A CRL covers the journal up to a sequence, so the first one that was published and reaches a row's sequence is the one
that brought it; on each of the parts of an issuer's certificates that the certificate belongs to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select

from pki_revocation.clock import iso
from pki_revocation.database.schema import certificates, crls
from pki_revocation.model import JournalEntry

_FULL = "full"
_DELTA = "-delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlCoverage:
    """One kind of CRL that a revocation belongs on.

    *scope* is its name in the record (full, ca, users, shard-7), *number* that of the first published CRL that the
    revocation is on and *since* when that one became public; both None while none is. *in_delta* says that it was a
    delta, ahead of the complete CRL.
    """

    scope: str
    number: int | None = None
    since: datetime | None = None
    in_delta: bool = False

    def __str__(self) -> str:
        """As commands print it: in CRL 4711 since 2026-11-25T14:03:24Z."""
        which = "CRL" if self.scope == _FULL else f"{self.scope} CRL"
        if self.number is None or self.since is None:
            return f"not in a published {which} yet"
        return f"in {'delta ' if self.in_delta else ''}{which} {self.number} since {iso(self.since)}"

    def as_json(self) -> dict[str, object]:
        """The coverage's fields as commands print them with --json."""
        return {
            "scope": self.scope,
            "number": self.number,
            "since": None if self.since is None else iso(self.since),
            "delta": self.in_delta,
        }


def crl_coverage(connection: Connection, entry: JournalEntry) -> tuple[CrlCoverage, ...]:
    """On which CRLs a row of the journal is: the complete CRL first, then the parts that the certificate is in.

    Args:
        connection: reads one state.
        entry: a revocation, or the raise that followed it.
    """
    scopes = [_FULL, *sorted(_parts(connection, entry))]
    return tuple(_first(connection, entry, scope) for scope in scopes)


def _parts(connection: Connection, entry: JournalEntry) -> Iterator[str]:
    """The parts that the certificate belongs to, as far as the issuer ever published CRLs of them."""
    row = connection.execute(
        select(certificates.c.is_ca, certificates.c.shard).where(
            certificates.c.issuer_id == entry.issuer_id, certificates.c.serial == entry.serial
        )
    ).one()
    for name in ("ca" if row.is_ca else "users", f"shard-{row.shard}"):
        query = select(crls.c.number).where(
            crls.c.issuer_id == entry.issuer_id, crls.c.scope == name, crls.c.published_at.is_not(None)
        )
        if connection.execute(query.limit(1)).first() is not None:
            yield name


def _first(connection: Connection, entry: JournalEntry, scope: str) -> CrlCoverage:
    complete, delta = _covering(connection, entry, scope), _covering(connection, entry, scope + _DELTA)
    # A delta lists what its base does not cover (RFC 5280 section 5.2.4): where the base does, it is the complete CRL
    # found here or follows that, with a higher number. One beside the complete CRL has the same number.
    if delta is not None and (complete is None or delta.number < complete.number):
        return CrlCoverage(scope=scope, number=delta.number, since=delta.published_at, in_delta=True)
    if complete is None:
        return CrlCoverage(scope=scope)
    return CrlCoverage(scope=scope, number=complete.number, since=complete.published_at)


def _covering(connection: Connection, entry: JournalEntry, scope: str) -> Row[int, datetime] | None:
    query = (
        select(crls.c.number, crls.c.published_at)
        .where(
            crls.c.issuer_id == entry.issuer_id,
            crls.c.scope == scope,
            crls.c.published_at.is_not(None),
            crls.c.covers_sequence >= entry.sequence,
        )
        # Both rise together.
        .order_by(crls.c.covers_sequence, crls.c.number)
    )
    return connection.execute(query.limit(1)).one_or_none()
