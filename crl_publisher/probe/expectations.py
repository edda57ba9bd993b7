"""What a relying party should find: every CRL that the record has as published, at its address."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from pki_revocation import register
from pki_revocation.model import Issuer
from pki_revocation.schema import crls

_DELTA = "-delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One address and the last CRL recorded for it; *is_part* is a CRL that does not cover the whole issuer."""

    path: str
    url: str
    issuer: Issuer
    number: int
    sha256: str
    entries: int
    published_at: datetime
    is_delta: bool
    is_part: bool


def expectations(connection: Connection, public_url: str, issuer_name: str | None = None) -> Iterator[Expected]:
    """Those of one issuer, or of all.

    Raises:
        NotFound: when there is no issuer of that name.
    """
    if issuer_name is None:
        issuers = register.all_issuers(connection)
    else:
        issuers = (register.issuer_named(connection, issuer_name),)
    for issuer in issuers:
        scopes = connection.scalars(
            select(crls.c.scope).where(crls.c.issuer_id == issuer.id, crls.c.published_at.is_not(None)).distinct()
        )
        for scope in sorted(scopes):
            yield _expected(connection, issuer, scope, public_url)


def path_of(issuer: str, scope: str) -> str:
    """Where the CRL of a scope, as the record names it, is public."""
    whole, is_delta = scope.removesuffix(_DELTA), scope.endswith(_DELTA)
    part = "" if whole == "full" else f"/{whole.removeprefix('shard-')}"
    return f"crl/{issuer}{part}{_DELTA if is_delta else ''}.crl"


def _expected(connection: Connection, issuer: Issuer, scope: str, public_url: str) -> Expected:
    row = connection.execute(
        select(crls)
        .where(crls.c.issuer_id == issuer.id, crls.c.scope == scope, crls.c.published_at.is_not(None))
        .order_by(crls.c.number.desc())
        .limit(1)
    ).one()
    path = path_of(issuer.name, scope)
    return Expected(
        path=path,
        url=f"{public_url.rstrip('/')}/{path}",
        issuer=issuer,
        number=row.number,
        sha256=row.sha256.hex(),
        entries=row.entries,
        published_at=row.published_at,
        is_delta=scope.endswith(_DELTA),
        is_part=scope.removesuffix(_DELTA) != "full",
    )
