"""How it stands with the CRLs of an issuer that has no key here: what is installed, and what is wrong with it.

Nobody signs a new one when an old one ends or a revocation comes, so somebody must be told in time: before nextUpdate,
and at once when the journal has a revocation that the installed CRL does not (BR 4.9.1.2: a CA certificate is revoked
within 7 days; BR 4.9.7: its CRL follows within 24 hours).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, exists, func, select

from crl_publisher.entry_store.selection import rows_after
from crl_publisher.published import PublishedCrl, last_published
from crl_publisher.scope import FULL, Scope
from pki_revocation.clock import iso
from pki_revocation.database.schema import certificates
from pki_revocation.model import Issuer

_FOLLOWS_WITHIN = timedelta(hours=24)
# What is left of a CRL's validity when the alarm comes at the latest.
_FRACTION = 3


class AlarmKind(StrEnum):
    """What is wrong."""

    MISSING = "missing"
    EXPIRY = "expiry"
    UNCOVERED = "uncovered"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong, and what to do; *is_late* when relying parties feel it or a deadline is over."""

    kind: AlarmKind
    is_late: bool
    says: str


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Rows of the journal that a CRL does not cover: how many, and when the first was recorded."""

    count: int
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class CrlStatus:
    """One scope's CRL, None where none was ever installed, and its alarms."""

    scope: Scope
    crl: PublishedCrl | None
    uncovered: Uncovered
    alarms: tuple[Alarm, ...]


def crl_statuses(
    connection: Connection, issuer: Issuer, scopes: tuple[Scope, ...], now: datetime, notice: timedelta
) -> tuple[CrlStatus, ...]:
    """How it stands with the complete CRL of everything, and with whatever else was ever installed.

    Args:
        connection: reads one state.
        issuer: one that has no key here.
        scopes: all that it may have.
        now: the present.
        notice: how long before its end a CRL is to be followed by another.
    """
    found = ((scope, last_published(connection, issuer, scope)) for scope in scopes)
    return tuple(
        _crl_status(connection, issuer, scope, crl, now, notice)
        for scope, crl in found
        if crl is not None or scope == FULL
    )


def uncovered_by(connection: Connection, issuer: Issuer, scope: Scope, crl: PublishedCrl | None) -> Uncovered:
    """What the journal has behind what a CRL covers; all of it for None."""
    rows = rows_after(issuer, scope, 0 if crl is None else crl.covers_sequence).subquery()
    count, first = connection.execute(select(func.count(), func.min(rows.c.recorded_at))).one()
    return Uncovered(count, first)


def _crl_status(
    connection: Connection, issuer: Issuer, scope: Scope, crl: PublishedCrl | None, now: datetime, notice: timedelta
) -> CrlStatus:
    uncovered = uncovered_by(connection, issuer, scope, crl)
    alarms = list(_alarms(connection, issuer, crl, now, notice)) + list(_uncovered(uncovered, now))
    return CrlStatus(scope, crl, uncovered, tuple(alarms))


def _alarms(
    connection: Connection, issuer: Issuer, crl: PublishedCrl | None, now: datetime, notice: timedelta
) -> Iterator[Alarm]:
    if crl is None:
        # The first CRL comes within a day of the first certificate (BR 4.9.7).
        if _has_issued(connection, issuer, now - _FOLLOWS_WITHIN):
            yield Alarm(AlarmKind.MISSING, is_late=True, says="none was ever installed")
        return
    left = crl.next_update - now
    if left <= timedelta(0):
        yield Alarm(AlarmKind.EXPIRY, is_late=True, says=f"CRL {crl.number} lapsed at {iso(crl.next_update)}")
    elif left <= min(notice, (crl.next_update - crl.this_update) / _FRACTION):
        yield Alarm(AlarmKind.EXPIRY, is_late=False, says=f"CRL {crl.number} ends at {iso(crl.next_update)}")


def _uncovered(uncovered: Uncovered, now: datetime) -> Iterator[Alarm]:
    if uncovered.first_at is None:
        return
    due = uncovered.first_at + _FOLLOWS_WITHIN
    yield Alarm(
        AlarmKind.UNCOVERED,
        is_late=now > due,
        says=f"{uncovered.count} journal entries since {iso(uncovered.first_at)} are on no CRL, and one is due by "
        f"{iso(due)} (BR 4.9.7)",
    )


def _has_issued(connection: Connection, issuer: Issuer, before: datetime) -> bool:
    """Whether one of its certificates was known before then."""
    known = exists().where(certificates.c.issuer_id == issuer.id, certificates.c.imported_at < before)
    return bool(connection.execute(select(known)).scalar_one())
