"""Shards: CRLs of a part of an issuer's certificates, so that none outgrows what relying parties take.

A certificate belongs to the shard whose address its own distribution point names, octet for octet (RFC 5280 section
5.2.5), from its issuing on. So a shard takes only so many certificates that its CRL stays small with all of them
revoked, and the issuing system asks here which address to put into the next ones.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from crl_publisher.config import CrlSettings
from crl_publisher.entry_store.store import forget
from crl_publisher.scope import CA, FULL, USERS, Part, Scope
from pki_revocation import journal
from pki_revocation.clock import Clock
from pki_revocation.database.octet_search import place_of
from pki_revocation.database.schema import certificates, crl_shards
from pki_revocation.database.schema import journal as journal_table
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.der import DerError
from pki_revocation.errors import NotFound, PkiError
from pki_revocation.model import Issuer

# The largest entry: a serial of 20 octets, GeneralizedTime, a reason and an invalidity date, with their headers.
LARGEST_ENTRY = 2 + 22 + 17 + 2 + 12 + 26
# All else in a CRL, whatever its key: ML-DSA-87 signs with 4,627 octets (RFC 9881).
_LARGEST_FRAME = 10_000
# How many rows one statement names.
_PORTION = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A shard and how full it is: of *capacity* certificates that may be on its CRL at once, *certificates* name it.

    Those are the ones that have not expired, and where expired ones stay listed, the revoked ones of these.
    """

    scope: Scope
    certificates: int
    capacity: int

    @property
    def has_room(self) -> bool:
        """Whether another certificate may name it."""
        return self.certificates < self.capacity


def capacity(size_limit: int) -> int:
    """How many certificates a shard takes, for its CRL to stay within *size_limit* octets with all of them revoked."""
    return max(1, (size_limit - _LARGEST_FRAME) // LARGEST_ENTRY)


def complete_scopes(connection: Connection, issuer: Issuer, settings: CrlSettings) -> tuple[Scope, ...]:
    """All complete CRLs that an issuer has."""
    parts = ((CA, settings.ca), (USERS, settings.users))
    return FULL, *(scope for scope, wanted in parts if wanted), *shard_scopes(connection, issuer)


def scope_named(connection: Connection, issuer: Issuer, settings: CrlSettings, name: str) -> Scope:
    """The complete scope of an issuer with this name.

    Raises:
        NotFound: naming those that there are.
    """
    known = {scope.name: scope for scope in complete_scopes(connection, issuer, settings)}
    if name not in known:
        raise NotFound(f"{issuer.name} has no CRL of scope {name!r}; there are: {', '.join(known)}.")
    return known[name]


def shard_scopes(connection: Connection, issuer: Issuer) -> tuple[Scope, ...]:
    """The shards of an issuer, in their order."""
    query = select(crl_shards.c.shard, crl_shards.c.url).where(crl_shards.c.issuer_id == issuer.id)
    rows = connection.execute(query.order_by(crl_shards.c.shard))
    return tuple(Scope(Part.SHARD, shard=row.shard, url=row.url) for row in rows)


def shards(
    connection: Connection, issuer: Issuer, now: datetime, size_limit: int, *, keep_expired: bool = False
) -> tuple[Shard, ...]:
    """The shards of an issuer, and how full they are; *keep_expired* says that expired certificates stay listed."""
    columns = certificates.c
    takes_room = columns.not_after >= now
    if keep_expired:
        rows = journal_table.c
        revoked = select(rows.serial).where(and_(rows.issuer_id == issuer.id, rows.serial == columns.serial)).exists()
        takes_room = or_(takes_room, revoked)
    query = (
        select(columns.shard, func.count().label("named"))
        .where(columns.issuer_id == issuer.id, columns.shard > 0, takes_room)
        .group_by(columns.shard)
    )
    counts = {row.shard: row.named for row in connection.execute(query)}
    most = capacity(size_limit)
    return tuple(
        Shard(scope=scope, certificates=counts.get(scope.shard, 0), capacity=most)
        for scope in shard_scopes(connection, issuer)
    )


def lock_shards(connection: Connection, issuer: Issuer) -> None:
    """Hold an issuer's shards and imports until the transaction ends, so that two callers at once add one shard."""
    journal.lock_head(connection, issuer.id)


def add_shard(connection: Connection, issuer: Issuer, clock: Clock, public_url: str) -> tuple[Scope, int]:
    """Add the next shard; give it, and how many certificates that are known already name its address.

    The caller has locked the shards.

    Raises:
        PkiError: when the address cannot stand in a certificate.
    """
    highest = connection.execute(
        select(func.max(crl_shards.c.shard)).where(crl_shards.c.issuer_id == issuer.id)
    ).scalar_one()
    shard = (highest or 0) + 1
    url = f"{public_url.rstrip('/')}/{Scope(Part.SHARD, shard=shard, url='-').path(issuer)}"
    if not url.isascii() or not url.startswith("http://"):
        raise PkiError(f"{url} cannot be a distribution point: [distribution] public_url must begin with http://.")
    connection.execute(insert(crl_shards).values(issuer_id=issuer.id, shard=shard, url=url, added_at=clock.now()))
    named = _take_in(connection, issuer, shard, url)
    return Scope(Part.SHARD, shard=shard, url=url), named


def _take_in(connection: Connection, issuer: Issuer, shard: int, url: str) -> int:
    """Move certificates that name this shard and came before it into it; give how many. Entries are made anew."""
    columns = certificates.c
    candidates = select(columns.id, columns.der).where(
        columns.issuer_id == issuer.id,
        columns.shard == 0,
        columns.der.is_not(None),
        place_of(connection, url.encode(), columns.der) > 0,
    )
    # The octets may stand elsewhere in it, or at the beginning of a longer address.
    named = [row.id for row in connection.execute(candidates) if _names(row.der, url)]
    for start in range(0, len(named), _PORTION):
        portion = named[start : start + _PORTION]
        connection.execute(update(certificates).where(columns.id.in_(portion)).values(shard=shard))
    if named:
        forget(connection, issuer)
    return len(named)


def _names(der: bytes, url: str) -> bool:
    try:
        return url in parts_of(der).distribution_points
    except DerError:
        return False
