"""Scopes: the names that the record keeps, the addresses that relying parties fetch, and what cannot be."""

import re

import pytest

from crl_publisher.crl.crl_extensions import CrlParameters
from crl_publisher.scope import CA, FULL, USERS, Part, Scope, certificate_path
from pki_revocation.model import Issuer
from tests.fakes import FakeClock

SHARD = Scope(Part.SHARD, shard=7, url="http://crl.example.nl/crl/issuing/7.crl")
NAMED = {
    FULL: ("full", "crl/issuing.crl"),
    FULL.delta: ("full-delta", "crl/issuing-delta.crl"),
    SHARD: ("shard-7", "crl/issuing/7.crl"),
    SHARD.delta: ("shard-7-delta", "crl/issuing/7-delta.crl"),
    CA: ("ca", "crl/issuing/ca.crl"),
    CA.delta: ("ca-delta", "crl/issuing/ca-delta.crl"),
    USERS: ("users", "crl/issuing/users.crl"),
    USERS.delta: ("users-delta", "crl/issuing/users-delta.crl"),
}


@pytest.mark.parametrize("scope", NAMED)
def test_each_scope_has_its_own_name_and_path(scope: Scope, issuer: Issuer) -> None:
    """As the record and the outlets of installations have them: a change would leave published CRLs behind."""
    assert (scope.name, scope.path(issuer)) == NAMED[scope]


def test_no_two_scopes_share_a_name_or_a_path(issuer: Issuer) -> None:
    """Nor does a CA certificate lie where a CRL does."""
    paths = {scope.path(issuer) for scope in NAMED} | {certificate_path(issuer)}

    assert len({scope.name for scope in NAMED}) == len(NAMED)
    assert len(paths) == len(NAMED) + 1


@pytest.mark.parametrize("scope", NAMED)
def test_delta_and_complete_lead_to_each_other(scope: Scope) -> None:
    """A delta has exactly its complete CRL's scope (RFC 5280 section 5.2.4)."""
    assert scope.complete.delta == scope.delta
    assert scope.delta.complete == scope.complete
    assert scope.delta.is_delta
    assert not scope.complete.is_delta


@pytest.mark.parametrize(
    ("part", "shard", "url"),
    [
        (Part.SHARD, 0, ""),
        (Part.SHARD, 0, "http://x"),
        (Part.SHARD, 3, ""),
        (Part.SHARD, -1, "http://x"),
        (Part.ALL, 3, "http://x"),
        (Part.ALL, 3, ""),
        (Part.CA, 0, "http://x"),
        (Part.USERS, -1, ""),
    ],
)
def test_scope_that_cannot_be_is_refused(part: Part, shard: int, url: str) -> None:
    """A shard has a number and an address, and nothing else has either."""
    with pytest.raises(ValueError, match=re.escape(f"{part.value} CRL with shard {shard} and address {url!r}")):
        Scope(part, shard=shard, url=url)


@pytest.mark.parametrize(
    ("scope", "base_number", "freshest"),
    [(FULL, 5, None), (FULL.delta, None, None), (FULL.delta, 5, "http://crl.example.nl/crl/issuing-delta.crl")],
)
def test_particulars_that_cannot_be_are_refused(
    scope: Scope, base_number: int | None, freshest: str | None, clock: FakeClock
) -> None:
    """A delta names its base and nothing else does; it points to no fresher one (RFC 5280 sections 5.2.4, 5.2.6)."""
    with pytest.raises(ValueError, match="in a CRL of scope"):
        CrlParameters(
            number=6,
            this_update=clock.now(),
            next_update=clock.now(),
            scope=scope,
            base_number=base_number,
            freshest=freshest,
        )
