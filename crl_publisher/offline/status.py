"""The CRLs of an issuer that has no key here: what is installed, and what is wrong with it.

Nothing here can sign a new one when an old one ends or a revocation comes, so people must be told in time: before
nextUpdate, and at once when the journal has a revocation that the installed CRL does not (BR 4.9.1.2: a CA certificate
is revoked within 7 days; BR 4.9.7: its CRL follows within 24 hours).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from crl_publisher.entry_store.selection import Uncovered, uncovered_rows
from crl_publisher.health import Alarm, CrlFacts, Promise, alarms
from crl_publisher.published import PublishedCrl, last_published
from crl_publisher.scope import FULL, Scope
from pki_revocation.clock import iso
from pki_revocation.database.schema import certificates
from pki_revocation.model import Issuer

_FOLLOWS_WITHIN = timedelta(hours=24)
# What is left of a CRL's validity when the alarm comes at the latest.
_FRACTION = 3


@dataclass(frozen=True, slots=True)
class CrlStatus:
    """One scope's CRL, None where none was ever installed, and its alarms."""

    scope: Scope
    crl: PublishedCrl | None
    uncovered: Uncovered
    alarms: tuple[Alarm, ...]


def statuses(
    connection: Connection, issuer: Issuer, scopes: tuple[Scope, ...], now: datetime, notice: timedelta
) -> tuple[CrlStatus, ...]:
    """The states of the complete CRL of everything, and of each other scope of which a CRL was ever installed.

    Args:
        connection: reads one state.
        issuer: one that has no key here.
        scopes: all that it may have.
        now: the present.
        notice: how long before its end a CRL is to be followed by another.
    """
    found = ((scope, last_published(connection, issuer, scope)) for scope in scopes)
    return tuple(
        _status(connection, issuer, scope, crl, now, notice) for scope, crl in found if crl is not None or scope == FULL
    )


def _status(
    connection: Connection, issuer: Issuer, scope: Scope, crl: PublishedCrl | None, now: datetime, notice: timedelta
) -> CrlStatus:
    uncovered = uncovered_rows(connection, issuer, scope, 0 if crl is None else crl.covers_sequence)
    due = None if uncovered.first_at is None else uncovered.first_at + _FOLLOWS_WITHIN
    first = _first_certificate(connection, issuer) if crl is None else None
    promise = Promise(
        # The first CRL comes within a day of the first certificate (BR 4.9.7).
        needed_since=None if first is None else first + _FOLLOWS_WITHIN,
        notice=timedelta(0) if crl is None else min(notice, (crl.next_update - crl.this_update) / _FRACTION),
        covers_within=_FOLLOWS_WITHIN,
        clause="" if due is None else f"one is due by {iso(due)} (BR 4.9.7)",
        is_told_at_once=True,
    )
    known = CrlFacts(
        now=now,
        name="the CRL" if crl is None else f"CRL {crl.number}",
        place=scope.path(issuer),
        recorded=crl,
        uncovered=uncovered,
    )
    return CrlStatus(scope, crl, uncovered, alarms(known, promise))


def _first_certificate(connection: Connection, issuer: Issuer) -> datetime | None:
    """The moment at which the issuer's first certificate became known; None where it has none."""
    query = select(func.min(certificates.c.imported_at)).where(certificates.c.issuer_id == issuer.id)
    first: datetime | None = connection.execute(query).scalar_one()
    return first
