"""The CRL that relying parties get now: what is known of it without keeping its octets."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from crl_publisher.crl.reading import ParsedCrl, parse_crl
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer

from .errors import UnreadableCrl
from .outlets import Outlet
from .published import published_as
from .scope import Scope

Open = Callable[[], AbstractContextManager[BinaryIO | None]]
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicCrl:
    """An issuer's own CRL as it is public.

    *covers* is the journal's sequence that it covers, None where the record does not have this very CRL as published:
    then the gate has not looked at it here. *open* gives its octets once more, or whatever replaced it meanwhile.
    """

    number: int | None
    this_update: datetime
    next_update: datetime | None
    size: int
    sha256: bytes
    covers: int | None
    open: Open = field(repr=False, compare=False)


def public_crl(outlet: Outlet, database: Database, issuer: Issuer, scope: Scope) -> tuple[PublicCrl | None, bool]:
    """What is public at the scope's address; None when it is not this issuer's CRL, and whether anything is there.

    Raises:
        OutletError: when that cannot be found out.
        StoreError: when the database does not answer.
    """
    path = scope.path(issuer)
    with outlet.open(path) as stream:
        if stream is None:
            return None, False
        size, sha256 = _measured(stream)
    with database.read() as connection:
        recorded = published_as(connection, issuer, scope, sha256)
    if recorded is not None:
        return PublicCrl(
            number=recorded.number,
            this_update=recorded.this_update,
            next_update=recorded.next_update,
            size=size,
            sha256=sha256,
            covers=recorded.covers_sequence,
            open=lambda: outlet.open(path),
        ), True
    data = outlet.fetch(path)
    crl = None if data is None else own_crl(data, issuer)
    if crl is None:
        return None, True
    return PublicCrl(
        number=crl.number,
        this_update=crl.this_update,
        next_update=crl.next_update,
        size=len(crl.data),
        sha256=crl.sha256,
        covers=None,
        open=lambda: outlet.open(path),
    ), True


def own_crl(data: bytes, issuer: Issuer) -> ParsedCrl | None:
    """These octets as the issuer's CRL; None when they are no CRL, or one that it did not sign."""
    try:
        crl = parse_crl(data)
        return crl if crl.is_signed_by(issuer.certificate) else None
    except UnreadableCrl:
        return None


def _measured(stream: BinaryIO) -> tuple[int, bytes]:
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(_PIECE):
        digest.update(piece)
        size += len(piece)
    return size, digest.digest()
