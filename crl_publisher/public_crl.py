"""What relying parties get now: whether anything is public at a scope's address, and whether it is the issuer's own.

This is asked here alone. A publication asks once, before it plans, and hands the frozen answer down: the plan takes its
number and times from it, the gate compares with it, and the outlet replaces nothing newer.
"""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer

from .crl.reading import ParsedCrl, parse_crl
from .errors import UnreadableCrl
from .outlets import NumberOf, Outlet
from .published import published_as
from .scope import Scope

Open = Callable[[], AbstractContextManager[BinaryIO | None]]
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicCrl:
    """An issuer's own CRL as it is public: what is known of it without keeping its octets.

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

    def whole(self) -> ParsedCrl | None:
        """The whole CRL, read again; None when it was replaced meanwhile.

        Raises:
            OutletError: when it cannot be read.
        """
        with self.open() as stream:
            data = b"" if stream is None else stream.read()
        return parse_crl(data) if hashlib.sha256(data).digest() == self.sha256 else None

    def is_before(self, data: bytes, issuer: Issuer) -> bool:
        """Whether these octets are a later CRL of the same issuer."""
        crl = own_crl(data, issuer)
        return crl is not None and crl.number is not None and (self.number is None or crl.number > self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicState:
    """What lies at an address: the issuer's own CRL, something else (*is_there*, and no *crl*), or nothing."""

    path: str
    is_there: bool
    crl: PublicCrl | None

    @property
    def is_foreign(self) -> bool:
        """Whether there is something that is not the issuer's CRL."""
        return self.is_there and self.crl is None


class PublicCrls:
    """The CRLs that an outlet holds, told from anything else that may lie there."""

    def __init__(self, outlet: Outlet, database: Database) -> None:
        """*outlet* is the one where CRLs become public first, *database* has the record of them."""
        self._outlet = outlet
        self._database = database

    def exists(self, issuer: Issuer, scope: Scope) -> bool:
        """Whether anything is public there: cheap enough to be asked twice a second."""
        return self._outlet.exists(scope.path(issuer))

    def state(self, issuer: Issuer, scope: Scope) -> PublicState:
        """What is public at the scope's address.

        Raises:
            OutletError: when that cannot be found out.
            StoreError: when the database does not answer.
        """
        path = scope.path(issuer)
        with self._outlet.open(path) as stream:
            if stream is None:
                return PublicState(path=path, is_there=False, crl=None)
            size, sha256 = _measured(stream)
        with self._database.read() as connection:
            recorded = published_as(connection, issuer, scope, sha256)
        if recorded is not None:
            crl = PublicCrl(
                number=recorded.number,
                this_update=recorded.this_update,
                next_update=recorded.next_update,
                size=size,
                sha256=sha256,
                covers=recorded.covers_sequence,
                open=lambda: self._outlet.open(path),
            )
            return PublicState(path=path, is_there=True, crl=crl)
        data = self._outlet.fetch(path)
        own = None if data is None else own_crl(data, issuer)
        if own is None:
            return PublicState(path=path, is_there=True, crl=None)
        crl = PublicCrl(
            number=own.number,
            this_update=own.this_update,
            next_update=own.next_update,
            size=len(own.data),
            sha256=own.sha256,
            covers=None,
            open=lambda: self._outlet.open(path),
        )
        return PublicState(path=path, is_there=True, crl=crl)


def own_crl(data: bytes, issuer: Issuer) -> ParsedCrl | None:
    """These octets as the issuer's CRL; None when they are no CRL, or one that it did not sign."""
    try:
        crl = parse_crl(data)
        return crl if crl.is_of(issuer) else None
    except UnreadableCrl:
        return None


def number_of(issuer: Issuer, known: PublicCrl | None = None) -> NumberOf:
    """What an outlet asks under its lock: the number of what it holds, None when that is not the issuer's CRL.

    Args:
        issuer: whose.
        known: what was public when the CRL that takes its place was planned: those octets are not read again.
    """

    def number(data: bytes) -> int | None:
        if known is not None and hashlib.sha256(data).digest() == known.sha256:
            return known.number
        crl = own_crl(data, issuer)
        return None if crl is None else crl.number

    return number


def _measured(stream: BinaryIO) -> tuple[int, bytes]:
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(_PIECE):
        digest.update(piece)
        size += len(piece)
    return size, digest.digest()
