"""What a relying party should find: every CRL that the record has as published, at its address."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from crl_publisher.published import PublishedCrl, last_published
from crl_publisher.scope import Part, Scope
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers, issuer_named

# The CRLs that an issuer has now, deltas included.
ScopesOf = Callable[[Connection, Issuer], Iterable[Scope]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCrl:
    """One address, and the last CRL that was recorded for it.

    *point* is what its issuingDistributionPoint must name, if it names anything: for a shard the address that its
    certificates have, also in its deltas (RFC 5280 section 5.2.4: same scope).
    """

    path: str
    url: str
    point: str
    issuer: Issuer
    scope: Scope
    last: PublishedCrl

    @property
    def is_part(self) -> bool:
        """Whether it covers only some of the issuer's certificates."""
        return self.scope.part is not Part.ALL


def expectations(
    connection: Connection, public_url: str, scopes_of: ScopesOf, issuer_name: str | None = None
) -> Iterator[ExpectedCrl]:
    """Those of one issuer, or of all.

    Raises:
        NotFound: when there is no issuer of that name.
    """
    issuers = all_issuers(connection) if issuer_name is None else (issuer_named(connection, issuer_name),)
    for issuer in issuers:
        for scope in scopes_of(connection, issuer):
            last = last_published(connection, issuer, scope)
            if last is None:
                continue
            path = scope.path(issuer)
            url = f"{public_url.rstrip('/')}/{path}"
            yield ExpectedCrl(
                path=path,
                url=url if scope.is_delta or not scope.url else scope.url,
                point=scope.url or url,
                issuer=issuer,
                scope=scope,
                last=last,
            )
